package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.MetadataMatcher;
import dev.mishap.proxy.route.match.QueryParameterMatcher;
import dev.mishap.proxy.route.match.RegexSubstitution;
import dev.mishap.proxy.route.match.RuntimeFlag;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.SafeRegex;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;

/** All messages that route tables are made of, for the table of supported fields. */
public final class RouteFields {
    public static final List<SupportedFields> ALL = all();

    private RouteFields() {}

    private static List<SupportedFields> all() {
        List<SupportedFields> all = new ArrayList<>(RouteTableConfig.FIELDS);
        all.addAll(RouteConfig.FIELDS);
        all.addAll(RouteMatchConfig.FIELDS);
        all.addAll(RouteActionConfig.FIELDS);
        all.addAll(ClusterSpecifiers.FIELDS);
        all.addAll(RetryPolicyConfig.FIELDS);
        all.addAll(UpgradePolicy.FIELDS);
        all.addAll(HashPolicy.FIELDS);
        all.addAll(InternalRedirectPolicy.FIELDS);
        all.addAll(HeaderMutationsConfig.FIELDS);
        all.add(HeaderMatcher.FIELDS);
        all.add(HeaderMatcher.RANGE_FIELDS);
        all.add(QueryParameterMatcher.FIELDS);
        all.add(StringMatcher.FIELDS);
        all.add(SafeRegex.FIELDS);
        all.add(SafeRegex.ENGINE_FIELDS);
        all.add(RegexSubstitution.FIELDS);
        all.add(RuntimeFraction.FIELDS);
        all.add(RuntimeFlag.FIELDS);
        all.add(RuntimeFraction.PERCENT_FIELDS);
        all.addAll(MetadataMatcher.FIELDS);
        return List.copyOf(all);
    }
}
