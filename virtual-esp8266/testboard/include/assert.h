/*
 * assert() as MicroPython's ESP8266 port expects it, newlib's, where Debian's compiler brings picolibc's.
 */
#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : __assert_func(__FILE__, __LINE__, __func__, #expression))
#endif

#ifndef TESTBOARD_ASSERT_H
#define TESTBOARD_ASSERT_H

void __assert(const char *file, int line, const char *expression);
void __assert_func(const char *file, int line, const char *function, const char *expression);

#define static_assert _Static_assert

#endif // TESTBOARD_ASSERT_H
