package dev.mishap.proxy.server;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * POSIX signals. The JDK has no public API for them; {@code sun.misc.Signal} of jdk.unsupported is reached by reflection, since
 * the compiler warns of it under any name, and a JVM without it only loses the handlers.
 */
final class Signals {
    private Signals() {}

    /** Has {@code action} run on a thread of the JVM for each {@code name} ("TERM", "USR1"); false when that can't be had. */
    static boolean on(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler invoked = (proxy, method, arguments) -> {
                switch (method.getName()) {
                    case "handle":
                        action.run();
                        return null;
                    case "hashCode":
                        return System.identityHashCode(proxy);
                    case "equals":
                        return arguments != null && proxy == arguments[0];
                    default:
                        return "handler of SIG" + name;
                }
            };
            Object made = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, invoked);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), made);
            return true;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return false;
        }
    }
}
