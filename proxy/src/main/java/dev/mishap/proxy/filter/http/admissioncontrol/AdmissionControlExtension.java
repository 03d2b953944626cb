package dev.mishap.proxy.filter.http.admissioncontrol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.admission_control}. */
public final class AdmissionControlExtension implements HttpFilterExtension {
    static final String TYPE = "envoy.extensions.filters.http.admission_control.v3.AdmissionControl";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE)
                    .supported(
                            "enabled",
                            "success_criteria",
                            "sampling_window",
                            "aggression",
                            "sr_threshold",
                            "rps_threshold",
                            "max_rejection_probability"),
            SupportedFields.of(TYPE + ".SuccessCriteria").supported("http_criteria", "grpc_criteria"),
            SupportedFields.of(TYPE + ".SuccessCriteria.HttpCriteria").supported("http_success_status"),
            SupportedFields.of(TYPE + ".SuccessCriteria.GrpcCriteria").supported("grpc_success_status"),
            SupportedFields.of("envoy.config.core.v3.RuntimePercent").supported("default_value", "runtime_key"));

    @Override
    public String name() {
        return "envoy.filters.http.admission_control";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        AdmissionControlConfig parsed = AdmissionControlConfig.from(config, context);
        return () -> new AdmissionControlFilter(parsed);
    }

    @Override
    public HttpFilterFactory parseUpstream(String filterName, ConfigNode config, FilterContext context) {
        return parse(filterName, config, context.withoutDot());
    }
}
