package dev.mishap.proxy.filter.common.filterstate;

import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.transport.FilterStateValue;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The object factories of Envoy whose objects something here reads: how each makes a value of text. */
enum ObjectKind {
    TEXT,
    HASHABLE_TEXT,
    BOOLEAN,
    UNSIGNED;

    private static final Map<String, ObjectKind> FACTORIES = factories();

    private static Map<String, ObjectKind> factories() {
        Map<String, ObjectKind> all = new HashMap<>();
        all.put("envoy.string", TEXT);
        all.put("envoy.hashable_string", HASHABLE_TEXT);
        all.put("envoy.tcp_proxy.cluster", TEXT);
        all.put("envoy.tcp_proxy.disable_tunneling", BOOLEAN);
        all.put("envoy.tcp_proxy.per_connection_idle_timeout_ms", UNSIGNED);
        return Map.copyOf(all);
    }

    static String factoryNames() {
        return String.join(", ", new TreeSet<>(FACTORIES.keySet()));
    }

    /** The kind that the factory of that name makes, or null when there is none. */
    static @Nullable ObjectKind ofFactory(String name) {
        return FACTORIES.get(name);
    }

    /** The object for {@code wire}, or null when it is none. */
    @Nullable
    FilterStateValue make(String wire) {
        switch (this) {
            case BOOLEAN: {
                boolean yes = wire.equals("true");
                return new FilterStateValue(yes ? "true" : "false", yes, false);
            }
            case UNSIGNED: {
                for (int i = 0; i < wire.length(); i++) {
                    if (wire.charAt(i) < '0' || wire.charAt(i) > '9') {
                        return null;
                    }
                }
                try {
                    String number = Long.toUnsignedString(Long.parseUnsignedLong(wire));
                    return new FilterStateValue(number, number, false);
                } catch (NumberFormatException e) {
                    return null;
                }
            }
            default:
                return new FilterStateValue(wire, WireText.decode(wire), this == HASHABLE_TEXT);
        }
    }
}
