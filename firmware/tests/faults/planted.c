// C code with faults that the firmware's checks must find. tests/faults.sh compiles it, one fault at a time.

#if defined(PLANT_CONSTANT)
// Read by bytes when compiled without -mforce-l32.
const unsigned char table[] = "0123456789abcdef";
unsigned char umqtt_planted(unsigned index) {
    return table[index & 15];
}

#elif defined(PLANT_FLASH)
const unsigned char umqtt_planted[1000000] = { 1 };

#elif defined(PLANT_CODE)
// Nothing says that this belongs into flash.
__asm__ (".section .text.umqtt_planted,\"ax\"\n.global umqtt_planted\numqtt_planted:\n.fill 32768, 1, 0\n.text");

#elif defined(PLANT_VARIABLE)
unsigned char umqtt_planted[81920];

#elif defined(PLANT_INITIALISED)
// Each within its RAM, but both not within what is left for the boot ROM to copy.
unsigned char umqtt_planted[8192] = { 1 };
#define STRING_OF(number) #number
#define STRING(number) STRING_OF(number)
__asm__ (".section .text.umqtt_planted_code,\"ax\"\n.global umqtt_planted_code\numqtt_planted_code:\n"
    ".fill " STRING(PLANT_CODE_SIZE) ", 1, 0\n.text");
#endif
