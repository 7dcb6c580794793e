/*
 * kernel_dialect.h - one kernel source for OpenCL C 1.2, CUDA, Metal and C11: what they call the
 * same things. The compiler says by its own macros which one it is.
 *
 * In C a group is one work item, so shared memory is its own and a barrier is nothing. Atomics are
 * of 32 bits, relaxed; what a kernel writes without them is read by other work items only in later
 * kernels. K_LOAD may give what another work item has overwritten in this kernel, but never what
 * this one has. K_SOON, where there is one, says that a line will be wanted soon. Pointers to
 * device memory carry K_DEV, to a group's memory K_TG, to a work item's own variables K_OWN.
 */
#ifndef KERNEL_DIALECT_H
#define KERNEL_DIALECT_H

#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
#define K_OPENCL 1
typedef uint u32;
typedef int i32;
typedef ulong u64;
typedef uchar u8;
typedef uint k_au32;
#define K_DEV __global
#define K_TG __local
#define K_OWN
#define K_ALIGN(bytes) __attribute__((aligned(bytes)))
#define K_FN static inline
#define K_KERNEL __kernel void
#define K_BUF(T, name, i) __global T *name
#define K_CBUF(T, name, i) __global const T *name
#define K_VAL(T, name, i) const T name
#define K_IDS
#define K_GID ((u32)get_global_id(0))
#define K_LID ((u32)get_local_id(0))
#define K_GRP ((u32)get_group_id(0))
#define K_SHARED(T, name, count) __local T name[count]
#define K_BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define K_LOAD(p) (*(p))
#define K_STORE(p, v) (*(volatile __global uint *)(p) = (v))
#define K_ADD(p, v) atomic_add((volatile __global uint *)(p), (v))
#define K_TAKE(p, from, to) (atomic_cmpxchg((volatile __global uint *)(p), (from), (to)) == (from))
#if defined(K_PROCESSOR) && defined(__clang__)
#define K_SOON(p) __builtin_prefetch((const void *)(size_t)(p))
#endif
#define K_TG_LOAD(p) (*(volatile __local const uint *)(p))
#define K_TG_STORE(p, v) (*(volatile __local uint *)(p) = (v))
#define K_TG_ADD(p, v) atomic_add((volatile __local uint *)(p), (v))

#elif defined(__METAL_VERSION__)
#define K_METAL 1
#include <metal_stdlib>
using namespace metal;
typedef uint u32;
typedef int i32;
typedef ulong u64;
typedef uchar u8;
typedef atomic_uint k_au32;
#define K_DEV device
#define K_TG threadgroup
#define K_OWN thread
#define K_ALIGN(bytes) alignas(bytes)
#define K_FN static inline
#define K_KERNEL kernel void
#define K_BUF(T, name, i) device T *name [[buffer(i)]]
#define K_CBUF(T, name, i) const device T *name [[buffer(i)]]
#define K_VAL(T, name, i) constant T &name [[buffer(i)]]
#define K_IDS                                                                                \
    , uint k_gid [[thread_position_in_grid]], uint k_lid [[thread_position_in_threadgroup]], \
        uint k_grp [[threadgroup_position_in_grid]]
#define K_GID k_gid
#define K_LID k_lid
#define K_GRP k_grp
#ifdef K_METAL_SHIM
#define K_SHARED(T, name, count) static threadgroup T name[count]
#else
#define K_SHARED(T, name, count) threadgroup T name[count]
#endif
#define K_BARRIER() threadgroup_barrier(mem_flags::mem_threadgroup)
#define K_LOAD(p) atomic_load_explicit((p), memory_order_relaxed)
#define K_STORE(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define K_ADD(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
/* A weak exchange may fail without cause; then the value is still what was expected. */
static inline bool k_take(device atomic_uint *p, uint from, uint to)
{
    uint seen = from;

    while (!atomic_compare_exchange_weak_explicit(p, &seen, to, memory_order_relaxed,
                                                  memory_order_relaxed)) {
        if (seen != from) {
            return false;
        }
    }
    return true;
}
#define K_TAKE(p, from, to) k_take((p), (from), (to))
#define K_TG_LOAD(p) atomic_load_explicit((p), memory_order_relaxed)
#define K_TG_STORE(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define K_TG_ADD(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)

#elif defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define K_CUDA 1
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef unsigned char u8;
typedef u32 k_au32;
#define K_DEV
#define K_TG
#define K_OWN
#define K_ALIGN(bytes) __align__(bytes)
#define K_FN static __device__ __forceinline__
#define K_KERNEL extern "C" __global__ void
#define K_BUF(T, name, i) T *name
#define K_CBUF(T, name, i) const T *name
#define K_VAL(T, name, i) const T name
#define K_IDS
#define K_GID (blockIdx.x * blockDim.x + threadIdx.x)
#define K_LID (threadIdx.x)
#define K_GRP (blockIdx.x)
#define K_SHARED(T, name, count) __shared__ T name[count]
#define K_BARRIER() __syncthreads()
#define K_LOAD(p) (*(p))
#define K_STORE(p, v) (*(volatile u32 *)(p) = (v))
#define K_ADD(p, v) atomicAdd((p), (v))
#define K_TAKE(p, from, to) (atomicCAS((p), (from), (to)) == (from))
#define K_SOON(p) asm volatile("prefetch.L1 [%0];" ::"l"(p))
#define K_TG_LOAD(p) (*(volatile const u32 *)(p))
#define K_TG_STORE(p, v) (*(volatile u32 *)(p) = (v))
#define K_TG_ADD(p, v) atomicAdd((p), (v))

#else
#define K_HOST 1
#include <stdbool.h>
#include <stdint.h>
typedef uint32_t u32;
typedef int32_t i32;
typedef uint64_t u64;
typedef uint8_t u8;
typedef u32 k_au32; /* one thread runs all work items, one after the other */
#define K_DEV
#define K_TG
#define K_OWN
#define K_ALIGN(bytes) __attribute__((aligned(bytes)))
#define K_FN static inline
#define K_KERNEL static void
#define K_BUF(T, name, i) T *name
#define K_CBUF(T, name, i) const T *name
#define K_VAL(T, name, i) const T name
#define K_UNUSED __attribute__((unused))
#define K_IDS , K_UNUSED u32 k_gid, K_UNUSED u32 k_lid, K_UNUSED u32 k_grp
#define K_GID k_gid
#define K_LID k_lid
#define K_GRP k_grp
#define K_SHARED(T, name, count) T name[count]
#define K_BARRIER() ((void)0)
#define K_LOAD(p) (*(p))
#define K_STORE(p, v) (*(p) = (v))
static inline u32 k_add(u32 *at, u32 value)
{
    u32 before = *at;

    *at = before + value;
    return before;
}
static inline bool k_take(u32 *at, u32 from, u32 to)
{
    bool taken = *at == from;

    *at = taken ? to : *at;
    return taken;
}
#define K_ADD(p, v) k_add((p), (v))
#define K_TAKE(p, from, to) k_take((p), (from), (to))
/* A function that does nothing but prefetch has no effect to gcc, which leaves it out. */
#define K_SOON(p)              \
    do {                       \
        __builtin_prefetch(p); \
        __asm__ volatile("");  \
    } while (0)
#define K_TG_LOAD(p) (*(p))
#define K_TG_STORE(p, v) (*(p) = (v))
#define K_TG_ADD(p, v) k_add((p), (v))
#endif

#endif
