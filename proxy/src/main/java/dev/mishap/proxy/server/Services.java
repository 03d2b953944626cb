package dev.mishap.proxy.server;

import java.util.IdentityHashMap;
import java.util.Map;

/** The process's services by class, which filters ask for when they are parsed. Filled before the first listener is read. */
public final class Services {
    private final Map<Class<?>, Object> all = new IdentityHashMap<>();

    <T> void add(Class<T> type, T service) {
        all.put(type, service);
    }

    /** @throws IllegalStateException when there is none */
    public <T> T get(Class<T> type) {
        Object service = all.get(type);
        if (service == null) {
            throw new IllegalStateException("no service " + type.getName());
        }
        return type.cast(service);
    }
}
