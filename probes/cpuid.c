/*
 * cpuid.c - what does the CPUID instruction say?
 *
 * One table row per instruction set: leaf, register, bit, and which registers the system must save.
 * In a guest the hypervisor answers, and may hide what the silicon has.
 */
#include "probes/cpuid.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#define HR_X86 1
#include <cpuid.h>
#include <libcpuid/libcpuid.h>
#else
#define HR_X86 0
#endif

enum { IN_EAX, IN_EBX, IN_ECX, IN_EDX };
enum { XCR0_YMM = 0x6, XCR0_ZMM = 0xE6, XCR0_TILE = 0x60000 };

static const struct {
    const char *name;
    uint32_t leaf, subleaf;
    int reg, bit;
    uint32_t xcr0;
} rows[] = {
    {"sse2", 1, 0, IN_EDX, 26, 0},
    {"pni", 1, 0, IN_ECX, 0, 0},
    {"pclmulqdq", 1, 0, IN_ECX, 1, 0},
    {"ssse3", 1, 0, IN_ECX, 9, 0},
    {"fma", 1, 0, IN_ECX, 12, XCR0_YMM},
    {"cx16", 1, 0, IN_ECX, 13, 0},
    {"sse4_1", 1, 0, IN_ECX, 19, 0},
    {"sse4_2", 1, 0, IN_ECX, 20, 0},
    {"movbe", 1, 0, IN_ECX, 22, 0},
    {"popcnt", 1, 0, IN_ECX, 23, 0},
    {"aes", 1, 0, IN_ECX, 25, 0},
    {"avx", 1, 0, IN_ECX, 28, XCR0_YMM},
    {"f16c", 1, 0, IN_ECX, 29, XCR0_YMM},
    {"rdrand", 1, 0, IN_ECX, 30, 0},
    {"bmi1", 7, 0, IN_EBX, 3, 0},
    {"avx2", 7, 0, IN_EBX, 5, XCR0_YMM},
    {"bmi2", 7, 0, IN_EBX, 8, 0},
    {"erms", 7, 0, IN_EBX, 9, 0},
    {"avx512f", 7, 0, IN_EBX, 16, XCR0_ZMM},
    {"avx512dq", 7, 0, IN_EBX, 17, XCR0_ZMM},
    {"rdseed", 7, 0, IN_EBX, 18, 0},
    {"adx", 7, 0, IN_EBX, 19, 0},
    {"avx512ifma", 7, 0, IN_EBX, 21, XCR0_ZMM},
    {"clflushopt", 7, 0, IN_EBX, 23, 0},
    {"clwb", 7, 0, IN_EBX, 24, 0},
    {"avx512cd", 7, 0, IN_EBX, 28, XCR0_ZMM},
    {"sha_ni", 7, 0, IN_EBX, 29, 0},
    {"avx512bw", 7, 0, IN_EBX, 30, XCR0_ZMM},
    {"avx512vl", 7, 0, IN_EBX, 31, XCR0_ZMM},
    {"avx512vbmi", 7, 0, IN_ECX, 1, XCR0_ZMM},
    {"waitpkg", 7, 0, IN_ECX, 5, 0},
    {"avx512_vbmi2", 7, 0, IN_ECX, 6, XCR0_ZMM},
    {"gfni", 7, 0, IN_ECX, 8, 0},
    {"vaes", 7, 0, IN_ECX, 9, XCR0_YMM},
    {"vpclmulqdq", 7, 0, IN_ECX, 10, XCR0_YMM},
    {"avx512_vnni", 7, 0, IN_ECX, 11, XCR0_ZMM},
    {"avx512_bitalg", 7, 0, IN_ECX, 12, XCR0_ZMM},
    {"avx512_vpopcntdq", 7, 0, IN_ECX, 14, XCR0_ZMM},
    {"rdpid", 7, 0, IN_ECX, 22, 0},
    {"cldemote", 7, 0, IN_ECX, 25, 0},
    {"movdiri", 7, 0, IN_ECX, 27, 0},
    {"movdir64b", 7, 0, IN_ECX, 28, 0},
    {"enqcmd", 7, 0, IN_ECX, 29, 0},
    {"fsrm", 7, 0, IN_EDX, 4, 0},
    {"avx512_vp2intersect", 7, 0, IN_EDX, 8, XCR0_ZMM},
    {"serialize", 7, 0, IN_EDX, 14, 0},
    {"amx_bf16", 7, 0, IN_EDX, 22, XCR0_TILE},
    {"avx512_fp16", 7, 0, IN_EDX, 23, XCR0_ZMM},
    {"amx_tile", 7, 0, IN_EDX, 24, XCR0_TILE},
    {"amx_int8", 7, 0, IN_EDX, 25, XCR0_TILE},
    {"avx_vnni", 7, 1, IN_EAX, 4, XCR0_YMM},
    {"avx512_bf16", 7, 1, IN_EAX, 5, XCR0_ZMM},
    {"lahf_lm", 0x80000001u, 0, IN_ECX, 0, 0},
    {"abm", 0x80000001u, 0, IN_ECX, 5, 0},
    {"3dnowprefetch", 0x80000001u, 0, IN_ECX, 8, 0},
    {"pdpe1gb", 0x80000001u, 0, IN_EDX, 26, 0},
    {"rdtscp", 0x80000001u, 0, IN_EDX, 27, 0},
    {"constant_tsc", 0x80000007u, 0, IN_EDX, 8, 0},
};

int hr_cpuid_names(void)
{
    return (int)(sizeof(rows) / sizeof(*rows));
}

const char *hr_cpuid_name(int i)
{
    return rows[i].name;
}

#if HR_X86

static bool leaf(uint32_t number, uint32_t subleaf, unsigned r[4])
{
    return __get_cpuid_count(number, subleaf, &r[IN_EAX], &r[IN_EBX], &r[IN_ECX], &r[IN_EDX]);
}

static uint32_t xcr0(void)
{
    unsigned r[4];
    uint32_t low, high;

    if (!leaf(1, 0, r) || !(r[IN_ECX] & (1u << 27))) { /* OSXSAVE */
        return 0;
    }
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

bool hr_cpuid_has(int i)
{
    unsigned r[4];

    if (!leaf(rows[i].leaf, rows[i].subleaf, r) || !(r[rows[i].reg] & (1u << rows[i].bit))) {
        return false;
    }
    return (xcr0() & rows[i].xcr0) == rows[i].xcr0;
}

bool hr_cpuid_hypervisor(char signature[13])
{
    unsigned r[4];

    memset(signature, 0, 13);
    if (!leaf(1, 0, r)) {
        return false;
    }
    if (r[IN_ECX] & (1u << 31)) {
        __cpuid(0x40000000u, r[IN_EAX], r[IN_EBX], r[IN_ECX], r[IN_EDX]);
        memcpy(signature, &r[IN_EBX], 4);
        memcpy(signature + 4, &r[IN_ECX], 4);
        memcpy(signature + 8, &r[IN_EDX], 4);
    }
    return true;
}

bool hr_cpuid_invariant_tsc(void)
{
    unsigned r[4];

    return leaf(0x80000007u, 0, r) && (r[IN_EDX] & (1u << 8));
}

bool hr_cpuid_brand(char *vendor, size_t vendor_size, char *brand, size_t brand_size)
{
    struct cpu_raw_data_t raw;
    struct cpu_id_t id;

    if (cpuid_get_raw_data(&raw) != 0 || cpu_identify(&raw, &id) != 0) {
        return false;
    }
    snprintf(vendor, vendor_size, "%s", id.vendor_str);
    snprintf(brand, brand_size, "%s", id.brand_str);
    return *vendor && *brand;
}

#else

bool hr_cpuid_has(int i)
{
    (void)i;
    return false;
}

bool hr_cpuid_hypervisor(char signature[13])
{
    memset(signature, 0, 13);
    return false;
}

bool hr_cpuid_invariant_tsc(void)
{
    return false;
}

bool hr_cpuid_brand(char *vendor, size_t vendor_size, char *brand, size_t brand_size)
{
    (void)vendor, (void)vendor_size, (void)brand, (void)brand_size;
    return false;
}

#endif
