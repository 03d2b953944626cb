package dev.mishap.proxy.filter.http.customresponse;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.Input;
import dev.mishap.proxy.http.HeaderName;
import java.util.List;

/** What matchers of responses look at: those of requests, and the response's status and headers. */
final class ResponseInput {
    private static final String MATCHER = "envoy.type.matcher.v3.";
    private static final String STATUS = MATCHER + "HttpResponseStatusCodeMatchInput";
    private static final String STATUS_CLASS = MATCHER + "HttpResponseStatusCodeClassMatchInput";
    private static final String HEADER = MATCHER + "HttpResponseHeaderMatchInput";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(STATUS),
            SupportedFields.of(STATUS_CLASS),
            SupportedFields.of(HEADER).supported("header_name"));

    private ResponseInput() {}

    static Input from(ConfigNode extension) {
        ConfigNode config = extension.required("typed_config");
        switch (config.messageName()) {
            case STATUS:
                return facts -> Input.header(facts.responseHeaders(), HeaderName.STATUS);
            case STATUS_CLASS:
                return facts -> {
                    String status = Input.header(facts.responseHeaders(), HeaderName.STATUS);
                    return status == null || status.charAt(0) > '5' ? null : status.charAt(0) + "xx";
                };
            case HEADER:
                HeaderName name = HeaderName.of(config.string("header_name"));
                return facts -> Input.header(facts.responseHeaders(), name);
            default:
                return Input.from(extension, true, "");
        }
    }
}
