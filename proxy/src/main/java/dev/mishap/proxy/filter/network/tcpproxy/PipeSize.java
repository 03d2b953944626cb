package dev.mishap.proxy.filter.network.tcpproxy;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Makes pipes larger, which takes {@code fcntl(F_SETPIPE_SZ)}: 1 MiB instead of 64 KiB a trip into the kernel is up to a fifth less CPU for bulk
 * data. Neither the JDK nor Netty offers that call, so it is made by the foreign function API where the JDK has it (22 and later, found by
 * reflection since this is compiled for 17); before that, and where the system refuses (an unprivileged user's pipes are limited, see
 * {@code /proc/sys/fs/pipe-user-pages-soft}), a pipe stays as it is.
 *
 * <p>Preparing the call takes some 50 ms, which no event loop has to spare: the first one who asks starts a thread that does it.
 */
final class PipeSize {
    /** What {@link #enlarge} asks for, in bytes: the system's limit for users without privileges. */
    static final int LARGE = 1 << 20;

    private static final int F_SETPIPE_SZ = 1031;
    private static final AtomicBoolean ASKED = new AtomicBoolean();
    private static volatile @Nullable MethodHandle fcntl;

    private PipeSize() {}

    /** Whether the pipe is large now; false as long as it is not known how, and when the system refuses. */
    static boolean enlarge(int descriptor) {
        MethodHandle call = fcntl;
        if (call == null) {
            if (!ASKED.get() && ASKED.compareAndSet(false, true)) {
                Thread thread = new Thread(PipeSize::prepare, "pipe-size");
                thread.setDaemon(true);
                thread.start();
            }
            return false;
        }
        try {
            return (int) call.invokeExact(descriptor, F_SETPIPE_SZ, LARGE) >= LARGE;
        } catch (Throwable e) {
            throw new IllegalStateException(e); // a call without arguments to be checked throws nothing
        }
    }

    /** Whether pipes can be made larger by this JVM. For tests. */
    static boolean prepare() {
        if (fcntl == null && Runtime.version().feature() >= 22) {
            try {
                fcntl = link().asType(MethodType.methodType(int.class, int.class, int.class, int.class));
            } catch (ReflectiveOperationException | RuntimeException e) {
                return false; // another system, or native access is denied: it was only about speed
            }
        }
        return fcntl != null;
    }

    /** {@code Linker.nativeLinker().downcallHandle(fcntl, (int, int, int) -> int, firstVariadicArg(2))}. */
    private static MethodHandle link() throws ReflectiveOperationException {
        Class<?> linker = Class.forName("java.lang.foreign.Linker");
        Class<?> option = Class.forName("java.lang.foreign.Linker$Option");
        Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
        Class<?> layout = Class.forName("java.lang.foreign.MemoryLayout");
        Class<?> function = Class.forName("java.lang.foreign.FunctionDescriptor");
        Object jint = Class.forName("java.lang.foreign.ValueLayout")
                .getField("JAVA_INT")
                .get(null);
        Object layouts = Array.newInstance(layout, 3);
        for (int i = 0; i < 3; i++) {
            Array.set(layouts, i, jint);
        }
        Object descriptor = function.getMethod("of", layout, layouts.getClass()).invoke(null, jint, layouts);
        Object options = Array.newInstance(option, 1);
        Array.set(options, 0, option.getMethod("firstVariadicArg", int.class).invoke(null, 2));
        Object nativeLinker = linker.getMethod("nativeLinker").invoke(null);
        Object symbols = linker.getMethod("defaultLookup").invoke(nativeLinker);
        Optional<?> address = (Optional<?>) Class.forName("java.lang.foreign.SymbolLookup")
                .getMethod("find", String.class)
                .invoke(symbols, "fcntl");
        return (MethodHandle) linker.getMethod("downcallHandle", segment, function, options.getClass())
                .invoke(nativeLinker, address.orElseThrow(), descriptor, options);
    }
}
