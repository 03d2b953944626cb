package dev.mishap.proxy.rules;

import dev.mishap.proxy.admin.AdminRequest;
import dev.mishap.proxy.admin.AdminResponse;
import dev.mishap.proxy.admin.AdminRoute;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rules API on the admin server. */
public final class RulesRoute {
    private RulesRoute() {}

    /** The route of everything under {@link RulesApi#PREFIX}. */
    public static AdminRoute of(RulesApi api) {
        return AdminRoute.under(
                RulesApi.PREFIX,
                "rules, leases, observers, events and the kill switch of Mishap (PUT, GET, POST, DELETE)",
                r -> handle(api, r));
    }

    /** The rules in place as a section of /config_dump; there is none while there are no rules. */
    public static List<Map<String, Object>> configDump(RuleStore store) {
        List<RuleView> rules = store.rules();
        if (rules.isEmpty()) {
            return List.of();
        }
        Map<String, Object> dump = new LinkedHashMap<>();
        dump.put("@type", "type.googleapis.com/mishap.admin.v1.RulesConfigDump");
        dump.put("rules", rules.stream().map(RulesJson::rule).toList());
        return List.of(dump);
    }

    private static AdminResponse handle(RulesApi api, AdminRequest request) {
        List<String> repeated = request.repeatedParameters();
        if (!repeated.isEmpty()) {
            return response(RulesApi.repeatedParameter(repeated.get(0)));
        }
        return response(api.handle(new RulesApi.Request(
                request.method(),
                request.path(),
                request.query(),
                request.header("authorization"),
                request.isLocal()
                        && (!(request.peer() instanceof InetSocketAddress) || isLocalName(request.header("host")))
                        && isOwnOrigin(request.header("origin"), request.header("host")),
                request.body())));
    }

    /**
     * Whether a caller on this machine may have meant this machine. A page of the web whose name has been pointed at a loopback
     * address makes a browser here the caller, and gives itself away by that name.
     */
    static boolean isLocalName(@Nullable String host) {
        if (host == null || host.isEmpty()) {
            return true;
        }
        String name = host;
        int colon = host.lastIndexOf(':');
        if (colon >= 0 && host.indexOf(']', colon) < 0) {
            name = host.substring(0, colon);
        }
        name = name.toLowerCase(Locale.ROOT);
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || NetUtil.isValidIpV4Address(name)
                || name.startsWith("[")
                        && name.endsWith("]")
                        && NetUtil.isValidIpV6Address(name.substring(1, name.length() - 1));
    }

    /** Whether no page of the web sends it, or one of this server: browsers let any page POST to 127.0.0.1 without asking. */
    private static boolean isOwnOrigin(@Nullable String origin, @Nullable String host) {
        return origin == null || host != null && (origin.equals("http://" + host) || origin.equals("https://" + host));
    }

    private static AdminResponse response(RulesApi.Response answer) {
        RulesApi.Feed feed = answer.feed();
        if (feed != null) {
            return AdminResponse.stream(answer.contentType(), new EventStream(feed.events(), feed.after()));
        }
        AdminResponse response = AdminResponse.of(answer.status(), answer.contentType(), answer.body());
        return answer.allow() == null ? response : response.with("allow", answer.allow());
    }
}
