package dev.mishap.proxy.filter.http.basicauth;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.stats.Counter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers 401 to whoever does not say a name and the password that belongs to it. */
final class BasicAuthFilter implements HttpFilter {
    private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");
    private static final String SCHEME = "Basic ";
    private static final int MAX_PATH = 256;

    /**
     * What all requests of a chain share.
     *
     * @param header that carries the credentials
     * @param nameHeader gets the name of a user who may pass, or null
     * @param allowMissing whether requests pass that bring no credentials of this scheme
     * @param tellsName whether the name goes into the dynamic metadata
     * @param realm what a refusal names, or null for the address that was asked for
     */
    record Config(
            String filterName,
            Users users,
            HeaderName header,
            @Nullable HeaderName nameHeader,
            boolean allowMissing,
            boolean tellsName,
            @Nullable String realm,
            Counter allowed,
            Counter denied) {}

    /** What a route says instead; {@code realm} is null when it leaves that to the filter. */
    record PerRoute(Users users, @Nullable String realm) {}

    private final Config config;

    BasicAuthFilter(Config config) {
        this.config = config;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        PerRoute ofRoute = stream.perFilterConfig(config.filterName()) instanceof PerRoute p ? p : null;
        Users users = ofRoute == null ? config.users() : ofRoute.users();
        String credentials = headers.get(config.header());
        if (config.allowMissing() && (credentials == null || !credentials.startsWith(SCHEME))) {
            return Flow.CONTINUE;
        }
        if (credentials == null) {
            return deny(stream, "Missing username and password.", "no_credential_for_basic_auth");
        }
        if (!credentials.startsWith(SCHEME)) {
            return deny(stream, "Expected 'Basic' authentication scheme.", "invalid_scheme_for_basic_auth");
        }
        String pair = decode(credentials.substring(SCHEME.length()));
        int colon = pair.indexOf(':');
        if (colon < 0) {
            return deny(stream, "Invalid basic credential format.", "invalid_format_for_basic_auth");
        }
        String name = pair.substring(0, colon);
        if (!users.contain(name, pair.substring(colon + 1))) {
            return deny(stream, "Invalid username/password combination.", "invalid_credential_for_basic_auth");
        }
        if (config.nameHeader() != null) {
            headers.set(config.nameHeader(), name);
        }
        if (config.tellsName()) {
            stream.info().putDynamicMetadata(config.filterName(), Map.of("username", WireText.decode(name)));
        }
        config.allowed().inc();
        return Flow.CONTINUE;
    }

    /** One char a byte; {@code ""} for what is no base64. */
    private static String decode(String base64) {
        try {
            return new String(
                    Base64.getDecoder().decode(base64.getBytes(StandardCharsets.ISO_8859_1)),
                    StandardCharsets.ISO_8859_1);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private Flow deny(HttpStream stream, String why, String details) {
        config.denied().inc();
        String own = stream.perFilterConfig(config.filterName()) instanceof PerRoute p && p.realm() != null
                ? p.realm()
                : config.realm();
        String realm = own == null ? realm(stream.requestHeaders()) : own;
        stream.sendLocalReply(new LocalReply(
                401,
                "User authentication failed. " + why,
                details,
                -1,
                response -> response.set(AUTHENTICATE, "Basic realm=\"" + realm + '"')));
        return Flow.PAUSE;
    }

    /** The address that was asked for. */
    private static String realm(HeaderMap headers) {
        String path = text(headers, HeaderName.PATH);
        return text(headers, HeaderName.SCHEME) + "://" + text(headers, HeaderName.AUTHORITY)
                + (path.length() > MAX_PATH ? path.substring(0, MAX_PATH) : path);
    }

    private static String text(HeaderMap headers, HeaderName name) {
        String value = headers.get(name);
        return value == null ? "" : value;
    }
}
