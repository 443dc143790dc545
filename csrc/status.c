/* Names and messages of pt_status, both from the one list in pytwin.h. */
#include "pytwin.h"

static const char *const names[PT_N_STATUS] = {
#define PT_STATUS_NAME(name, message) [PT_##name] = #name,
    PT_STATUS_LIST(PT_STATUS_NAME)
#undef PT_STATUS_NAME
};

static const char *const messages[PT_N_STATUS] = {
#define PT_STATUS_MESSAGE(name, message) [PT_##name] = message,
    PT_STATUS_LIST(PT_STATUS_MESSAGE)
#undef PT_STATUS_MESSAGE
};

static int is_known(pt_status status) { return (int)status >= 0 && (int)status < PT_N_STATUS; }

const char *pt_status_name(pt_status status) { return is_known(status) ? names[status] : "UNKNOWN"; }

const char *pt_status_message(pt_status status)
{
    return is_known(status) ? messages[status] : "unknown status";
}
