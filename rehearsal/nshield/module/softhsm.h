/* Finds SoftHSM2, which does the module's cryptography, and points it at the twin's own folder of tokens. */
#ifndef NSHIELD_TWIN_SOFTHSM_H
#define NSHIELD_TWIN_SOFTHSM_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "pkcs11.h"

static const char *const SOFTHSM_PLACES[] = {
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
};

/* Returns SoftHSM2's functions, or a null pointer after it has said on stderr what is missing. */
static FunctionList *load_softhsm(void) {
  const char *twin = getenv("NSHIELD_TWIN");
  const char *named = getenv("CEREMONY_SOFTHSM");
  char configuration[4096];
  void *library = NULL;
  FunctionList *functions = NULL;
  if (twin == NULL || (size_t)snprintf(configuration, sizeof configuration, "%s/softhsm2.conf", twin) >= sizeof configuration) {
    fputs("nshield twin: NSHIELD_TWIN must name the twin's folder\n", stderr);
    return NULL;
  }
  setenv("SOFTHSM2_CONF", configuration, 1);
  if (named != NULL && *named != '\0') {
    library = dlopen(named, RTLD_NOW | RTLD_LOCAL);
  } else {
    for (size_t place = 0; library == NULL && place < sizeof SOFTHSM_PLACES / sizeof *SOFTHSM_PLACES; place++) {
      library = dlopen(SOFTHSM_PLACES[place], RTLD_NOW | RTLD_LOCAL);
    }
  }
  GetFunctionList get = library == NULL ? NULL : (GetFunctionList)dlsym(library, "C_GetFunctionList");
  if (get == NULL || get(&functions) != CKR_OK) {
    fprintf(stderr, "nshield twin: SoftHSM2 cannot be loaded (%s); CEREMONY_SOFTHSM can name it\n", named ? named : "not in the usual places");
    return NULL;
  }
  return functions;
}

#endif
