/*
 * The little of the PKCS #11 v2.40 interface that the module's library needs (OASIS, sections 3 and 5). The function list is
 * kept as an array: most functions are passed on without being looked at, and these are the places of those that are not.
 */
#ifndef NSHIELD_TWIN_PKCS11_H
#define NSHIELD_TWIN_PKCS11_H

typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV;
typedef unsigned char CK_BYTE;

enum { CKR_OK = 0x0, CKR_GENERAL_ERROR = 0x5, CKR_PIN_INCORRECT = 0xa0, CKR_USER_NOT_LOGGED_IN = 0x101 };
enum { CKU_SO = 0, CKU_USER = 1 };
enum { CKA_TOKEN = 0x1, CKA_LABEL = 0x3, CKA_SENSITIVE = 0x103, CKA_EXTRACTABLE = 0x162 };
enum { CKF_RW_SESSION = 0x2, CKF_SERIAL_SESSION = 0x4, CKF_TOKEN_INITIALIZED = 0x400 };

enum {
  AT_INITIALIZE = 0,
  AT_FINALIZE = 1,
  AT_GET_FUNCTION_LIST = 3,
  AT_GET_SLOT_LIST = 4,
  AT_GET_TOKEN_INFO = 6,
  AT_INIT_TOKEN = 9,
  AT_INIT_PIN = 10,
  AT_OPEN_SESSION = 12,
  AT_CLOSE_SESSION = 13,
  AT_GET_SESSION_INFO = 15,
  AT_LOGIN = 18,
  AT_GENERATE_KEY_PAIR = 59,
  AT_WRAP_KEY = 60,
  FUNCTIONS = 68
};

typedef struct {
  CK_BYTE version[2];
  void *function[FUNCTIONS];
} FunctionList;

typedef struct {
  CK_ULONG type;
  void *value;
  CK_ULONG length;
} Attribute;

typedef struct {
  CK_ULONG slot, state, flags, device_error;
} SessionInfo;

typedef struct {
  CK_BYTE label[32], manufacturer[32], model[16], serial[16];
  CK_ULONG flags;
  CK_ULONG counts[10];
  CK_BYTE versions[4], time[16];
} TokenInfo;

typedef CK_RV (*GetFunctionList)(FunctionList **);

#endif
