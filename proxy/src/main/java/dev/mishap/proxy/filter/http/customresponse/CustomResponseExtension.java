package dev.mishap.proxy.filter.http.customresponse;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.MatchTree;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.ArrayList;
import java.util.List;

/** {@code envoy.filters.http.custom_response}. */
public final class CustomResponseExtension implements HttpFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.http.custom_response.v3.CustomResponse";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = fields();

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(TYPE).supported("custom_response_matcher"));
        all.add(LocalResponsePolicy.FIELDS);
        all.addAll(ResponseInput.FIELDS);
        return List.copyOf(all);
    }

    @Override
    public String name() {
        return "envoy.filters.http.custom_response";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        Policies own = policies(config);
        return () -> new CustomResponseFilter(filterName, own);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return policies(config);
    }

    private static Policies policies(ConfigNode config) {
        ConfigNode matcher = config.message("custom_response_matcher");
        return new Policies(
                matcher == null
                        ? facts -> null
                        : MatchTree.from(matcher, ResponseInput::from, CustomResponseExtension::policy));
    }

    private static LocalResponsePolicy policy(ConfigNode action) {
        ConfigNode config = action.required("typed_config");
        if (!config.messageName().equals(LocalResponsePolicy.TYPE)) {
            throw new ConfigException("Didn't find a registered implementation for '" + action.string("name")
                    + "' with type URL: '" + config.messageName() + "'");
        }
        return LocalResponsePolicy.from(config);
    }

    /** What one level of the configuration says. */
    record Policies(MatchTree<LocalResponsePolicy> tree) {}
}
