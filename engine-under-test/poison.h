/*
 * poison.h - what a mapping holds beyond the bytes that were asked for, closed to the address
 * sanitizer, which sees only what malloc gave. Without it both do nothing.
 */
#ifndef EUT_POISON_H
#define EUT_POISON_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EUT_POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(EUT_POISON)

#include <sanitizer/asan_interface.h>
#define eut_poison(at, bytes) ASAN_POISON_MEMORY_REGION(at, bytes)
#define eut_unpoison(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes) /* before it is unmapped */

#else

#define eut_poison(at, bytes) ((void)(at), (void)(bytes))
#define eut_unpoison(at, bytes) ((void)(at), (void)(bytes))

#endif

#endif
