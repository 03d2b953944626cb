package dev.mishap.proxy.rules;

import dev.mishap.proxy.admin.AdminRequest;
import dev.mishap.proxy.admin.AdminResponse;
import dev.mishap.proxy.admin.AdminRoute;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The rules API on the admin server. */
public final class RulesRoute {
    private RulesRoute() {}

    /** The route of everything under {@link RulesApi#PREFIX}. */
    public static AdminRoute of(RulesApi api) {
        return AdminRoute.under(
                RulesApi.PREFIX, "rules, leases and observers of Mishap (PUT, GET, DELETE)", r -> handle(api, r));
    }

    /** The rules in place as a section of /config_dump; there is none while there are no rules. */
    public static List<Map<String, Object>> configDump(RuleStore store) {
        List<RuleStore.RuleView> rules = store.rules();
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
                request.isLocal(),
                request.body())));
    }

    private static AdminResponse response(RulesApi.Response answer) {
        AdminResponse response = AdminResponse.of(answer.status(), answer.contentType(), answer.body());
        return answer.allow() == null ? response : response.with("allow", answer.allow());
    }
}
