package dev.mishap.proxy.overload;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;

/** What the process holds: the heap's objects, and the buffers outside of it. */
final class Memory {
    private Memory() {}

    static long used() {
        Runtime jvm = Runtime.getRuntime();
        // The pooled or the adaptive one, as io.netty.allocator.type says.
        long direct = ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider known
                ? known.metric().usedDirectMemory()
                : 0;
        return jvm.totalMemory() - jvm.freeMemory() + direct;
    }
}
