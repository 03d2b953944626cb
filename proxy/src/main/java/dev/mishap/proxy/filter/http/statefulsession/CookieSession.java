package dev.mishap.proxy.filter.http.statefulsession;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.config.schema.WireReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.RequestCookies;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.proto.ProtoWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The address in a cookie: {@code envoy.Cookie} in base64, which has the address and the second when it is over.
 *
 * @param path that requests have to be below; {@code ""} = all are
 * @param attributes of the cookie that is set, as they are written
 * @param clock seconds since the epoch
 */
record CookieSession(String name, long ttlSeconds, String path, String attributes, LongSupplier clock)
        implements SessionState {
    static final String MESSAGE = "envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState";
    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE).supported("cookie");
    static final SupportedFields COOKIE =
            SupportedFields.of("envoy.type.http.v3.Cookie").supported("name", "ttl", "path", "attributes");
    static final SupportedFields ATTRIBUTE =
            SupportedFields.of("envoy.type.http.v3.CookieAttribute").supported("name", "value");

    private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");
    private static final int ADDRESS = 1;
    private static final int EXPIRES = 2;

    static CookieSession from(ConfigNode node) {
        ConfigNode cookie = node.required("cookie");
        long ttl = TimeUnit.NANOSECONDS.toSeconds(cookie.durationNanos("ttl", 0));
        StringBuilder attributes = new StringBuilder();
        if (ttl > 0) {
            attributes.append("; Max-Age=").append(ttl);
        }
        if (!cookie.string("path").isEmpty()) {
            attributes.append("; Path=").append(cookie.string("path"));
        }
        for (ConfigNode attribute : cookie.messages("attributes")) {
            attributes.append("; ").append(attribute.string("name"));
            if (!attribute.string("value").isEmpty()) {
                attributes.append('=').append(attribute.string("value"));
            }
        }
        return new CookieSession(
                WireText.encode(cookie.string("name")),
                ttl,
                WireText.encode(cookie.string("path")),
                WireText.encode(attributes.append("; HttpOnly").toString()),
                () -> TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis()));
    }

    @Override
    public boolean covers(HeaderMap request) {
        String target = request.get(HeaderName.PATH);
        if (path.isEmpty() || path.equals("/")) {
            return true;
        }
        if (target == null || !target.startsWith(path)) {
            return false;
        }
        return path.endsWith("/")
                || target.length() == path.length()
                || "/?#".indexOf(target.charAt(path.length())) >= 0;
    }

    @Override
    public @Nullable String address(HeaderMap request) {
        String value = RequestCookies.value(request, name);
        String decoded = value == null ? "" : SessionState.decode(value);
        return decoded.isEmpty() ? null : read(decoded);
    }

    private @Nullable String read(String decoded) {
        byte[] bytes = decoded.getBytes(StandardCharsets.ISO_8859_1);
        String address = "";
        long expires = 0;
        try {
            WireReader reader = new WireReader(bytes, 0, bytes.length);
            while (reader.hasMore()) {
                int tag = reader.tag();
                if (tag == (ADDRESS << 3 | WireReader.BYTES)) {
                    address = reader.utf8();
                } else if (tag == EXPIRES << 3) {
                    expires = reader.varint();
                } else {
                    reader.skip(tag);
                }
            }
        } catch (ConfigException e) {
            return decoded; // as Envoy once wrote it: the address alone
        }
        return address.isEmpty() || expires != 0 && expires < clock.getAsLong() ? null : address;
    }

    @Override
    public void keep(String address, HeaderMap response) {
        ProtoWriter cookie = new ProtoWriter(64).string(ADDRESS, address);
        if (ttlSeconds > 0) {
            cookie.varint(EXPIRES, clock.getAsLong() + ttlSeconds);
        }
        response.add(SET_COOKIE, name + "=\"" + SessionState.encode(cookie.toByteArray()) + '"' + attributes);
    }
}
