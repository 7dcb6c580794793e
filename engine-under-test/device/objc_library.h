/*
 * objc_library.h - macOS's Objective-C runtime and Metal, opened at run time and spoken to from
 * plain C.
 *
 * A method is looked up and called as the C function that it is (`IMP`): the receiver, the
 * selector, then the arguments, as the runtime's documentation has it. So nothing of Apple is
 * needed to build, and every system compiles this code. Elsewhere than on macOS opening it is
 * refused.
 *
 *     n = EUT_SEND(objc, uint64_t, array, "count");
 *     device = EUT_SEND1(objc, void *, array, "objectAtIndex:", uint64_t, n - 1);
 *
 * Ownership: what a method beginning new, alloc, copy or Copy returns is the caller's to release;
 * everything else lives until the surrounding pool ends.
 */
#ifndef EUT_OBJC_LIBRARY_H
#define EUT_OBJC_LIBRARY_H

/* clang-format off */
#define EUT_OBJC_FUNCTIONS(X)                                                                       \
    X(void *, objc_getClass, (const char *name))                                                   \
    X(void *, sel_registerName, (const char *name))                                                \
    X(void *, object_getClass, (void *object))                                                     \
    X(void *, class_getMethodImplementation, (void *class, void *selector))                        \
    X(void *, objc_autoreleasePoolPush, (void))                                                    \
    X(void, objc_autoreleasePoolPop, (void *pool))
#define EUT_METAL_FUNCTIONS(X)                                                                      \
    X(void *, MTLCopyAllDevices, (void)) /* NSArray of MTLDevice; the caller's */
/* clang-format on */

#define EUT_VENDOR_MEMBER(type, name, arguments) type(*name) arguments;
struct eut_objc {
    EUT_OBJC_FUNCTIONS(EUT_VENDOR_MEMBER)
    EUT_METAL_FUNCTIONS(EUT_VENDOR_MEMBER)
};
#undef EUT_VENDOR_MEMBER

/* -ENODEV where there is no Metal. */
int eut_objc_open(const struct eut_objc **objc);

typedef void (*eut_objc_method)(void);
/* The function that answers `selector` of this object; a class is an object, too. */
eut_objc_method eut_objc_find(const struct eut_objc *objc, void *object, const char *selector,
                              void **registered);

/* Sends a message without, with one, two or three arguments. */
#define EUT_SEND(objc, type, object, name)                                       \
    __extension__({                                                              \
        void *selector_, *object_ = (object);                                    \
        eut_objc_method found_ = eut_objc_find(objc, object_, name, &selector_); \
        ((type(*)(void *, void *))found_)(object_, selector_);                   \
    })
#define EUT_SEND1(objc, type, object, name, type1, value1)                       \
    __extension__({                                                              \
        void *selector_, *object_ = (object);                                    \
        eut_objc_method found_ = eut_objc_find(objc, object_, name, &selector_); \
        ((type(*)(void *, void *, type1))found_)(object_, selector_, value1);    \
    })
#define EUT_SEND2(objc, type, object, name, type1, value1, type2, value2)                    \
    __extension__({                                                                          \
        void *selector_, *object_ = (object);                                                \
        eut_objc_method found_ = eut_objc_find(objc, object_, name, &selector_);             \
        ((type(*)(void *, void *, type1, type2))found_)(object_, selector_, value1, value2); \
    })
#define EUT_SEND3(objc, type, object, name, type1, value1, type2, value2, type3, value3)           \
    __extension__({                                                                                \
        void *selector_, *object_ = (object);                                                      \
        eut_objc_method found_ = eut_objc_find(objc, object_, name, &selector_);                   \
        ((type(*)(void *, void *, type1, type2, type3))found_)(object_, selector_, value1, value2, \
                                                               value3);                            \
    })

#endif
