/* metal_mock.c - the frameworks Metal and Core Graphics, whose work objc_mock.c does. */
#include "engine-under-test/device/objc_library.h"

extern void *mock_all_devices(void);
void *MTLCopyAllDevices(void);

void *MTLCopyAllDevices(void)
{
    return mock_all_devices();
}
