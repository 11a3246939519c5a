/*
 * The PKCS #11 library of the nShield twin. SoftHSM2 does the work; this library behaves like nShield's own where that differs:
 * a token opens by its preloaded cards, whatever PIN is given; keys can be used only while the cards are loaded; an exportable
 * token key is refused unless CKNFAST_OVERRIDE_SECURITY_ASSURANCES allows it. New token keys are noted in the twin's effects.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "softhsm.h"

typedef CK_RV (*Login)(CK_ULONG, CK_ULONG, CK_BYTE *, CK_ULONG);
typedef CK_RV (*SessionInfoOf)(CK_ULONG, SessionInfo *);
typedef CK_RV (*TokenInfoOf)(CK_ULONG, TokenInfo *);
typedef CK_RV (*GenerateKeyPair)(CK_ULONG, void *, Attribute *, CK_ULONG, Attribute *, CK_ULONG, CK_ULONG *, CK_ULONG *);
typedef CK_RV (*WrapKey)(CK_ULONG, void *, CK_ULONG, CK_ULONG, CK_BYTE *, CK_ULONG *);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static FunctionList *hsm;
static FunctionList ours;

/* The label of the session's token, without its padding; 0 when the session is not known. */
static int token_label(CK_ULONG session, char label[33]) {
  SessionInfo about;
  TokenInfo token;
  if (((SessionInfoOf)hsm->function[AT_GET_SESSION_INFO])(session, &about) != CKR_OK) return 0;
  if (((TokenInfoOf)hsm->function[AT_GET_TOKEN_INFO])(about.slot, &token) != CKR_OK) return 0;
  memcpy(label, token.label, 32);
  label[32] = '\0';
  for (int end = 31; end >= 0 && label[end] == ' '; end--) label[end] = '\0';
  return 1;
}

/* Looks in the file that preload wrote (lines of label, tab, PIN) for the session's token. The PIN may be left out. */
static int preloaded_pin(CK_ULONG session, char *pin, size_t room) {
  const char *path = getenv("NFAST_NFKM_TOKENSFILE");
  char label[33], line[512];
  int found = 0;
  FILE *file;
  if (path == NULL || !token_label(session, label) || (file = fopen(path, "re")) == NULL) return 0;
  while (!found && fgets(line, sizeof line, file) != NULL) {
    char *tab = strchr(line, '\t');
    if (tab == NULL) continue;
    *tab = '\0';
    tab[1 + strcspn(tab + 1, "\n")] = '\0';
    found = strcmp(line, label) == 0 && strlen(tab + 1) < room;
    if (found && pin != NULL) strcpy(pin, tab + 1);
  }
  explicit_bzero(line, sizeof line);
  fclose(file);
  return found;
}

static CK_RV login(CK_ULONG session, CK_ULONG user, CK_BYTE *pin, CK_ULONG length) {
  char loaded[256];
  if (user != CKU_USER) return ((Login)hsm->function[AT_LOGIN])(session, user, pin, length);
  if (!preloaded_pin(session, loaded, sizeof loaded)) return CKR_PIN_INCORRECT;
  CK_RV rv = ((Login)hsm->function[AT_LOGIN])(session, user, (CK_BYTE *)loaded, strlen(loaded));
  explicit_bzero(loaded, sizeof loaded);
  return rv;
}

static CK_RV token_info(CK_ULONG slot, TokenInfo *info) {
  static const char manufacturer[] = "nCipher Corp. Ltd";
  CK_RV rv = ((TokenInfoOf)hsm->function[AT_GET_TOKEN_INFO])(slot, info);
  if (rv == CKR_OK) {
    memset(info->manufacturer, ' ', sizeof info->manufacturer);
    memcpy(info->manufacturer, manufacturer, sizeof manufacturer - 1);
  }
  return rv;
}

static const Attribute *attribute(const Attribute *template, CK_ULONG count, CK_ULONG type) {
  for (CK_ULONG index = 0; index < count; index++) {
    if (template[index].type == type && template[index].value != NULL) return &template[index];
  }
  return NULL;
}

static int flag(const Attribute *template, CK_ULONG count, CK_ULONG type, int otherwise) {
  const Attribute *found = attribute(template, count, type);
  return found == NULL || found->length < 1 ? otherwise : *(CK_BYTE *)found->value != 0;
}

static int assurance_overridden(void) {
  const char *override = getenv("CKNFAST_OVERRIDE_SECURITY_ASSURANCES");
  return override != NULL && (strstr(override, "tokenkeys") != NULL || strstr(override, "all") != NULL);
}

/* One line for effects.jsonl. What is not plain in a name is written as an underscore. */
static void note_key(CK_ULONG session, const Attribute *label) {
  char token[33], name[129], path[4096], when[32], line[512];
  size_t length = label == NULL ? 0 : label->length;
  time_t now = time(NULL);
  struct tm utc;
  const char *twin = getenv("NSHIELD_TWIN");
  if (twin == NULL || !token_label(session, token)) return;
  if (length > sizeof name - 1) length = sizeof name - 1;
  if (length > 0) memcpy(name, label->value, length);
  name[length] = '\0';
  for (char *at = name; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\' || (unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e) *at = '_';
  }
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  snprintf(path, sizeof path, "%s/effects.jsonl", twin);
  int size = snprintf(line, sizeof line, "{\"time\":\"%s\",\"operation\":\"key/generate\",\"resource\":\"%s/%s\"}\n", when, token, name);
  int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (write(file, line, (size_t)size) != size || fsync(file) != 0) fputs("nshield twin: effects.jsonl could not be written\n", stderr);
  close(file);
}

static CK_RV generate_key_pair(CK_ULONG session, void *mechanism, Attribute *public_key, CK_ULONG public_count, Attribute *private_key,
                               CK_ULONG private_count, CK_ULONG *public_handle, CK_ULONG *private_handle) {
  int kept = flag(private_key, private_count, CKA_TOKEN, 0);
  int insecure = flag(private_key, private_count, CKA_EXTRACTABLE, 0) || !flag(private_key, private_count, CKA_SENSITIVE, 1);
  if (!preloaded_pin(session, NULL, 256)) return CKR_USER_NOT_LOGGED_IN;
  if (kept && insecure) {
    if (!assurance_overridden()) {
      fputs("pkcs11-sam: Error: refusing insecure token key; CKNFAST_OVERRIDE_SECURITY_ASSURANCES=tokenkeys would allow it\n", stderr);
      return CKR_GENERAL_ERROR;
    }
    fputs("pkcs11-sam: Warning: Allowing insecure token key because CKNFAST_OVERRIDE_SECURITY_ASSURANCES=tokenkeys set\n", stderr);
  }
  CK_RV rv = ((GenerateKeyPair)hsm->function[AT_GENERATE_KEY_PAIR])(session, mechanism, public_key, public_count, private_key, private_count,
                                                                     public_handle, private_handle);
  if (rv == CKR_OK && kept) note_key(session, attribute(private_key, private_count, CKA_LABEL));
  return rv;
}

static CK_RV wrap_key(CK_ULONG session, void *mechanism, CK_ULONG wrapping, CK_ULONG key, CK_BYTE *wrapped, CK_ULONG *length) {
  if (!preloaded_pin(session, NULL, 256)) return CKR_USER_NOT_LOGGED_IN;
  return ((WrapKey)hsm->function[AT_WRAP_KEY])(session, mechanism, wrapping, key, wrapped, length);
}

CK_RV C_GetFunctionList(FunctionList **list);

static void load(void) {
  hsm = load_softhsm();
  if (hsm == NULL) return;
  ours = *hsm;
  ours.function[AT_GET_FUNCTION_LIST] = (void *)C_GetFunctionList;
  ours.function[AT_GET_TOKEN_INFO] = (void *)token_info;
  ours.function[AT_LOGIN] = (void *)login;
  ours.function[AT_GENERATE_KEY_PAIR] = (void *)generate_key_pair;
  ours.function[AT_WRAP_KEY] = (void *)wrap_key;
}

CK_RV C_GetFunctionList(FunctionList **list) {
  pthread_once(&once, load);
  if (hsm == NULL || list == NULL) return CKR_GENERAL_ERROR;
  *list = &ours;
  return CKR_OK;
}
