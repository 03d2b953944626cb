package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds the virtual host of a host name: the exact domain, else the longest <code>*.suffix</code>, else the longest
 * <code>prefix.*</code>, else {@code *}. One hash look-up for exact domains and one per distinct length of wildcards.
 */
final class Domains {
    private final Map<String, VirtualHost> exact = new HashMap<>();
    // By length of the fixed part, longest first.
    private final TreeMap<Integer, Map<String, VirtualHost>> suffixes = new TreeMap<>(Comparator.reverseOrder());
    private final TreeMap<Integer, Map<String, VirtualHost>> prefixes = new TreeMap<>(Comparator.reverseOrder());
    private @Nullable VirtualHost any;
    private final String table;

    Domains(String table) {
        this.table = table;
    }

    /** Adds a domain; {@code domain} is one char a byte. */
    void add(String domain, VirtualHost host) {
        String lower = domain.toLowerCase(Locale.ROOT);
        if (lower.equals("*")) {
            if (any != null) {
                throw new ConfigException("Only a single wildcard domain is permitted in route " + table);
            }
            any = host;
            return;
        }
        VirtualHost other;
        if (lower.startsWith("*")) {
            String suffix = lower.substring(1);
            other = suffixes.computeIfAbsent(suffix.length(), n -> new HashMap<>())
                    .putIfAbsent(suffix, host);
        } else if (lower.endsWith("*")) {
            String prefix = lower.substring(0, lower.length() - 1);
            other = prefixes.computeIfAbsent(prefix.length(), n -> new HashMap<>())
                    .putIfAbsent(prefix, host);
        } else {
            other = exact.putIfAbsent(lower, host);
        }
        if (other != null) {
            throw new ConfigException("Only unique values for domains are permitted. Duplicate entry of domain " + lower
                    + " in route " + table);
        }
    }

    /** Whether every host gets the same answer. */
    boolean onlyAny() {
        return exact.isEmpty() && suffixes.isEmpty() && prefixes.isEmpty();
    }

    @Nullable
    VirtualHost any() {
        return any;
    }

    @Nullable
    VirtualHost find(String host) {
        String lower = lower(host);
        VirtualHost found = exact.get(lower);
        if (found != null) {
            return found;
        }
        int length = lower.length();
        for (Map.Entry<Integer, Map<String, VirtualHost>> bucket : suffixes.entrySet()) {
            int fixed = bucket.getKey();
            // The star stands for at least one character.
            found = fixed < length ? bucket.getValue().get(lower.substring(length - fixed)) : null;
            if (found != null) {
                return found;
            }
        }
        for (Map.Entry<Integer, Map<String, VirtualHost>> bucket : prefixes.entrySet()) {
            int fixed = bucket.getKey();
            found = fixed < length ? bucket.getValue().get(lower.substring(0, fixed)) : null;
            if (found != null) {
                return found;
            }
        }
        return any;
    }

    /** {@code host} in lower case; itself when it is already. */
    private static String lower(String host) {
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                return host.toLowerCase(Locale.ROOT);
            }
        }
        return host;
    }
}
