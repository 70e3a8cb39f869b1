/* A PKCS#11 module that passes everything on to SoftHSM, but signs only when the file GATE_OPEN is there, and not at all when
   GATE_BROKEN is: a slow token, and one that was taken away. GATE_WITHOUT: mechanisms, as numbers, that it has not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define CRYPTOKI_GNU
#include <p11-kit/pkcs11.h>

static struct ck_function_list list, *real;

static ck_rv_t sign(ck_session_handle_t session, unsigned char *data, unsigned long len, unsigned char *out,
                    unsigned long *out_len)
{
    for (int i = 0; i < 2000 && access(getenv("GATE_OPEN"), F_OK) != 0; i++)
        usleep(10000);
    if (access(getenv("GATE_BROKEN"), F_OK) == 0)
        return CKR_DEVICE_REMOVED;
    return real->C_Sign(session, data, len, out, out_len);
}

static ck_rv_t mechanism_info(ck_slot_id_t slot, ck_mechanism_type_t type, struct ck_mechanism_info *info)
{
    char *rest = getenv("GATE_WITHOUT");
    while (rest && *rest)
        if (strtoul(rest, &rest, 0) == type)
            return CKR_MECHANISM_INVALID;
        else
            rest += *rest == ',';
    return real->C_GetMechanismInfo(slot, type, info);
}

ck_rv_t C_GetFunctionList(struct ck_function_list **out)
{
    void *module = dlopen(getenv("GATE_MODULE"), RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    *(void **)&get = module ? dlsym(module, "C_GetFunctionList") : NULL;
    if (!get || get(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    list = *real;
    list.C_Sign = sign;
    list.C_GetMechanismInfo = mechanism_info;
    *out = &list;
    return CKR_OK;
}
