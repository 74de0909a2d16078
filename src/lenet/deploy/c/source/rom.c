/* Where constants lie. On AVR they stay in flash memory, which only special instructions read. Other processors with
 * separate memories: define LENET_ROM, LENET_INT8, LENET_INT16, LENET_INT32, LENET_FLOAT and LENET_COPY likewise. */
#ifndef LENET_ROM
#ifdef __AVR__
#include <avr/pgmspace.h>
#define LENET_ROM PROGMEM
#define LENET_INT8(address) ((int8_t)pgm_read_byte(address))
#define LENET_INT16(address) ((int16_t)pgm_read_word(address))
#define LENET_INT32(address) ((int32_t)pgm_read_dword(address))
#define LENET_FLOAT(address) pgm_read_float(address)
#define LENET_COPY(to, from) memcpy_P((to), (from), sizeof *(to))
#else
#define LENET_ROM
#define LENET_INT8(address) (*(address))
#define LENET_INT16(address) (*(address))
#define LENET_INT32(address) (*(address))
#define LENET_FLOAT(address) (*(address))
#define LENET_COPY(to, from) (*(to) = *(from))
#endif
#endif
