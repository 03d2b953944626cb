package dev.mishap.proxy.overload;

import io.netty.buffer.PooledByteBufAllocator;

/** What the process holds: the heap's objects, and the buffers outside of it. */
final class Memory {
    private Memory() {}

    static long used() {
        Runtime jvm = Runtime.getRuntime();
        return jvm.totalMemory()
                - jvm.freeMemory()
                + PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    }
}
