// The port defines the function __assert as newlib declares it; Debian's picolibc declares it with other parameters.
// Its declaration gets another name here. Like every assert.h, this one may be included again.
#define __assert picolibc_assert
#include_next <assert.h>
#undef __assert
