// Catching exceptions, in the one way that is safe.
//
// nlr_push() returns a second time when something is raised. On most ports it is a function of which compilers do not know
// that, so in a function that calls it they may have put something else meanwhile where they had kept a variable. Here
// nothing is kept.

#include "umqtt.h"

mp_obj_t umqtt_try(void (*fun)(void *), void *arg) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        fun(arg);
        nlr_pop();
        return MP_OBJ_NULL;
    }
    return MP_OBJ_FROM_PTR(nlr.ret_val);
}
