/*
 * objc_library.c - is this a Mac with Metal, and which function answers a message?
 *
 * Core Graphics must be in the process before Metal shows its devices to a program without windows.
 */
#include "engine-under-test/device/objc_library.h"

#include "engine-under-test/device/vendor_library.h"

#include <string.h>

static struct eut_objc table;

int eut_objc_open(const struct eut_objc **objc)
{
#define ROW(type, name, arguments) {#name, &table.name},
    static const struct eut_vendor_function runtime[] = {EUT_OBJC_FUNCTIONS(ROW){NULL, NULL}};
    static const struct eut_vendor_function metal[] = {EUT_METAL_FUNCTIONS(ROW){NULL, NULL}};
    static const struct eut_vendor_function nothing[] = {{NULL, NULL}};
#undef ROW
    static const char *const runtime_files[] = {"libobjc.A.dylib", "/usr/lib/libobjc.A.dylib",
                                                NULL};
    static const char *const graphics_files[] = {
        "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics", NULL};
    static const char *const metal_files[] = {"/System/Library/Frameworks/Metal.framework/Metal",
                                              NULL};
    const char *what = "Metal, of macOS only,";

    *objc = &table;
    int rc = eut_vendor_open(what, runtime_files, runtime);
    rc = rc ? rc : eut_vendor_open(what, graphics_files, nothing);
    return rc ? rc : eut_vendor_open(what, metal_files, metal);
}

eut_objc_method eut_objc_find(const struct eut_objc *objc, void *object, const char *selector,
                              void **registered)
{
    eut_objc_method method;

    *registered = objc->sel_registerName(selector);
    void *found = objc->class_getMethodImplementation(objc->object_getClass(object), *registered);
    memcpy(&method, &found, sizeof(method));
    return method;
}
