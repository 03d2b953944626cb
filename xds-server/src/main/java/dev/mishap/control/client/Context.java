package dev.mishap.control.client;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A control plane, and how it is called.
 *
 * @param server URL
 * @param namespace that is meant when none is said
 * @param token itself; {@code tokenFile} is read at each call instead, and is the better place
 * @param caFile what signs the server's certificate; null = what the JDK trusts
 */
public record Context(
        String name,
        String server,
        @Nullable String namespace,
        @Nullable String token,
        @Nullable String tokenFile,
        @Nullable String caFile,
        @Nullable String clientCert,
        @Nullable String clientKey) {
    /** Where a control plane of this machine listens if it is not told otherwise. */
    public static final String DEFAULT_SERVER = "http://127.0.0.1:18080";

    /** What is meant without a file. */
    public static final Context LOCAL = new Context("local", DEFAULT_SERVER, null, null, null, null, null, null);

    /** The fields as they stand in the file; the token is hidden unless it is asked for. */
    public Map<String, Object> document(boolean secrets) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", name);
        map.put("server", server);
        put(map, "namespace", namespace);
        put(map, "token", token == null || secrets ? token : "REDACTED");
        put(map, "token-file", tokenFile);
        put(map, "ca-file", caFile);
        put(map, "client-cert", clientCert);
        put(map, "client-key", clientKey);
        return map;
    }

    private static void put(Map<String, Object> map, String key, @Nullable String value) {
        if (value != null) {
            map.put(key, value);
        }
    }

    @Override
    public String toString() {
        return document(false).toString();
    }
}
