/*
 * Makes the token of a new card set. Reads three lines from standard input: the token's label, its security officer's PIN and its
 * user PIN, so that neither PIN is ever in an argument or a variable. Exit code 0 when the token is there.
 */
#include <string.h>

#include "softhsm.h"

#define LINE 256

static int read_line(char *line) {
  if (fgets(line, LINE, stdin) == NULL) return 0;
  line[strcspn(line, "\n")] = '\0';
  return *line != '\0';
}

static int failed(const char *what, CK_RV rv) {
  fprintf(stderr, "init-token: %s failed: 0x%lx\n", what, rv);
  return 1;
}

int main(void) {
  char label[LINE], officer[LINE], user[LINE];
  CK_BYTE padded[32];
  CK_ULONG slots[64], count = 64, slot, session;
  TokenInfo info;
  CK_RV rv;
  if (!read_line(label) || !read_line(officer) || !read_line(user) || strlen(label) > sizeof padded) {
    fputs("init-token: expects a label and two PINs on standard input\n", stderr);
    return 1;
  }
  FunctionList *hsm = load_softhsm();
  if (hsm == NULL) return 1;
  if ((rv = ((CK_RV(*)(void *))hsm->function[AT_INITIALIZE])(NULL)) != CKR_OK) return failed("C_Initialize", rv);
  rv = ((CK_RV(*)(CK_BYTE, CK_ULONG *, CK_ULONG *))hsm->function[AT_GET_SLOT_LIST])(1, slots, &count);
  if (rv != CKR_OK || count == 0) return failed("C_GetSlotList", rv);
  /* SoftHSM2 keeps one slot free for the next token: its last. */
  slot = slots[count - 1];
  rv = ((CK_RV(*)(CK_ULONG, TokenInfo *))hsm->function[AT_GET_TOKEN_INFO])(slot, &info);
  if (rv != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED)) return failed("finding a free slot", rv);
  memset(padded, ' ', sizeof padded);
  memcpy(padded, label, strlen(label));
  rv = ((CK_RV(*)(CK_ULONG, char *, CK_ULONG, CK_BYTE *))hsm->function[AT_INIT_TOKEN])(slot, officer, strlen(officer), padded);
  if (rv != CKR_OK) return failed("C_InitToken", rv);
  rv = ((CK_RV(*)(CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *))hsm->function[AT_OPEN_SESSION])(
      slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
  if (rv != CKR_OK) return failed("C_OpenSession", rv);
  rv = ((CK_RV(*)(CK_ULONG, CK_ULONG, char *, CK_ULONG))hsm->function[AT_LOGIN])(session, CKU_SO, officer, strlen(officer));
  if (rv != CKR_OK) return failed("C_Login", rv);
  rv = ((CK_RV(*)(CK_ULONG, char *, CK_ULONG))hsm->function[AT_INIT_PIN])(session, user, strlen(user));
  if (rv != CKR_OK) return failed("C_InitPIN", rv);
  ((CK_RV(*)(void *))hsm->function[AT_FINALIZE])(NULL);
  return 0;
}
