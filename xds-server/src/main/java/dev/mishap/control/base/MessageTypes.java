package dev.mishap.control.base;

import com.google.protobuf.Descriptors.Descriptor;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds a message's descriptor by its full name, loading no class but the one that is named. */
public final class MessageTypes {
    /** Where the packages of protos are in Java. */
    private static final Map<String, String> PACKAGES = Map.of(
            "envoy.", "io.envoyproxy.envoy.",
            "google.protobuf.", "com.google.protobuf.",
            "xds.", "com.github.xds.",
            "udpa.", "com.github.udpa.udpa.",
            "mishap.", "dev.mishap.");

    private static final Pattern NAME = Pattern.compile("([a-z][a-z0-9_]*\\.){1,12}[A-Z][A-Za-z0-9]*");
    private static final int MAX_KNOWN = 2000;
    private static final Map<String, Optional<Descriptor>> KNOWN = new ConcurrentHashMap<>();

    private MessageTypes() {}

    /** Null when there is no such type here. */
    public static @Nullable Descriptor find(String name) {
        if (name.length() > 200 || !NAME.matcher(name).matches()) {
            return null;
        }
        Optional<Descriptor> known = KNOWN.get(name);
        if (known == null) {
            known = Optional.ofNullable(load(name));
            if (KNOWN.size() < MAX_KNOWN) {
                KNOWN.put(name, known);
            }
        }
        return known.orElse(null);
    }

    private static @Nullable Descriptor load(String name) {
        for (Map.Entry<String, String> entry : PACKAGES.entrySet()) {
            if (name.startsWith(entry.getKey())) {
                String className =
                        entry.getValue() + name.substring(entry.getKey().length());
                try {
                    return (Descriptor)
                            Class.forName(className).getMethod("getDescriptor").invoke(null);
                } catch (ReflectiveOperationException | LinkageError e) {
                    return null;
                }
            }
        }
        return null;
    }
}
