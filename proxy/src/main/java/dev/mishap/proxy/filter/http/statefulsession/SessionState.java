package dev.mishap.proxy.filter.http.statefulsession;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a client keeps the address of its endpoint. Stateless. */
interface SessionState {
    List<SupportedFields> FIELDS =
            List.of(CookieSession.FIELDS, CookieSession.COOKIE, CookieSession.ATTRIBUTE, HeaderSession.FIELDS);

    /** Whether a request of that path takes part at all. */
    boolean covers(HeaderMap request);

    /** The address that the request names, or null. */
    @Nullable
    String address(HeaderMap request);

    /** Has the client keep {@code address}, which is not the one that it named. */
    void keep(String address, HeaderMap response);

    static SessionState from(ConfigNode extension) {
        ConfigNode config = extension.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config != null && type.equals(CookieSession.MESSAGE)) {
            return CookieSession.from(config);
        }
        if (config != null && type.equals(HeaderSession.MESSAGE)) {
            return HeaderSession.from(config);
        }
        throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                + "' with type URL: '" + type + "'");
    }

    /** Text and bytes one char a byte; {@code ""} for what is no base64, which ends with its padding. */
    static String decode(String base64) {
        if (base64.length() % 4 != 0) {
            return "";
        }
        try {
            return new String(
                    Base64.getDecoder().decode(base64.getBytes(StandardCharsets.ISO_8859_1)),
                    StandardCharsets.ISO_8859_1);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    static String encode(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
