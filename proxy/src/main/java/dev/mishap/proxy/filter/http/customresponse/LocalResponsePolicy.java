package dev.mishap.proxy.filter.http.customresponse;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseHeaders;
import dev.mishap.proxy.observe.log.LogFormat;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A response that is made here.
 *
 * @param body {@code ""} for none
 * @param format what the body becomes, or null when it stays as it is
 * @param details what %RESPONSE_CODE_DETAILS% tells; null = what it told of the response in whose place it stands
 * @param status -1 = that of the response in whose place it stands
 */
record LocalResponsePolicy(
        String body, @Nullable LogFormat format, @Nullable String details, int status, HeaderMutations headers) {
    static final String TYPE = "envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy";

    static final SupportedFields FIELDS = SupportedFields.of(TYPE)
            .supported("body", "body_format", "status_code", "response_headers_to_add")
            .supported("preserve_response_code_details", "response_code_details");

    static LocalResponsePolicy from(ConfigNode node) {
        ConfigNode body = node.message("body");
        ConfigNode format = node.message("body_format");
        return new LocalResponsePolicy(
                body == null ? "" : DataSource.text(body),
                format == null ? null : LogFormat.from(format),
                node.bool("preserve_response_code_details", false) ? null : node.string("response_code_details"),
                (int) node.integer("status_code", -1),
                HeaderMutationsConfig.ofAdditions(node.messages("response_headers_to_add")));
    }

    LocalReply replyFor(HttpStream stream, HeaderMap response) {
        String text = body;
        if (format != null) {
            text = new String(
                    format.formatLocalReply(stream.info(), stream.requestHeaders(), response, body),
                    StandardCharsets.UTF_8);
        }
        String told = details == null ? stream.info().responseCodeDetails : details;
        return new LocalReply(
                status < 0 ? ResponseHeaders.status(response) : status,
                text,
                told == null ? "" : told,
                -1,
                made -> headers.apply(made, stream, made));
    }
}
