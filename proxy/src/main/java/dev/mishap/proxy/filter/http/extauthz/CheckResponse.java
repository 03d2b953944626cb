package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.extauthz.Answer.Change;
import dev.mishap.proxy.filter.http.extauthz.Answer.How;
import dev.mishap.proxy.filter.http.extauthz.Answer.Parameter;
import dev.mishap.proxy.http.WireText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code envoy.service.auth.v3.CheckResponse} as Envoy does, which heeds some fields less than their names promise. */
final class CheckResponse {
    private static final String MESSAGE = "envoy.service.auth.v3.CheckResponse";
    private static final int FORBIDDEN = 403;

    private CheckResponse() {}

    /** Throws a ConfigException when it is none. */
    static Answer read(byte[] message) {
        ConfigNode response = ConfigReader.lenient().binary(MESSAGE, message, "");
        ConfigNode status = response.message("status");
        Map<String, Object> metadata = struct(response, "dynamic_metadata");
        if (status != null && status.integer("code", 0) != 0) {
            return denied(response.message("denied_response"), metadata);
        }
        ConfigNode ok = response.message("ok_response");
        if (ok == null) {
            return new Answer(true, 200, "", List.of(), List.of(), List.of(), List.of(), List.of(), metadata);
        }
        // The field that is deprecated counts when the other one is not there.
        return new Answer(
                true,
                200,
                "",
                requestHeaders(ok),
                ok.strings("headers_to_remove"),
                responseHeaders(ok),
                parameters(ok),
                encoded(ok.strings("query_parameters_to_remove")),
                metadata.isEmpty() ? struct(ok, "dynamic_metadata") : metadata);
    }

    private static Answer denied(@Nullable ConfigNode denied, Map<String, Object> metadata) {
        if (denied == null) {
            return Answer.denied(FORBIDDEN, "", List.of(), metadata);
        }
        ConfigNode status = denied.message("status");
        long code = status == null ? 0 : status.integer("code", 0);
        List<Change> headers = new ArrayList<>();
        for (ConfigNode option : denied.messages("headers")) {
            // What is to be appended finds nothing to be appended to.
            if (!option.bool("append", false)) {
                add(headers, option, How.ADD);
            }
        }
        return Answer.denied(
                code < 200 || code > 599 ? FORBIDDEN : (int) code, denied.string("body"), headers, metadata);
    }

    private static List<Change> requestHeaders(ConfigNode ok) {
        List<Change> set = new ArrayList<>();
        List<Change> appended = new ArrayList<>();
        for (ConfigNode option : ok.messages("headers")) {
            boolean append = option.bool("append", false);
            add(append ? appended : set, option, append ? How.APPEND : How.SET);
        }
        set.addAll(appended);
        return set;
    }

    private static List<Change> responseHeaders(ConfigNode ok) {
        List<Change> added = new ArrayList<>();
        List<Change> set = new ArrayList<>();
        List<Change> conditional = new ArrayList<>();
        for (ConfigNode option : ok.messages("response_headers_to_add")) {
            if (option.has("append")) {
                boolean append = option.bool("append", false);
                add(append ? added : set, option, append ? How.ADD : How.SET);
                continue;
            }
            switch ((int) option.integer("append_action", 0)) {
                case 0 -> add(added, option, How.ADD);
                case 1 -> add(conditional, option, How.ADD_IF_ABSENT);
                case 2 -> add(set, option, How.SET);
                case 3 -> add(conditional, option, How.SET_IF_PRESENT);
                default -> {}
            }
        }
        added.addAll(set);
        added.addAll(conditional);
        return added;
    }

    private static void add(List<Change> changes, ConfigNode option, How how) {
        ConfigNode header = option.message("header");
        if (header != null) {
            changes.add(new Change(
                    header.string("key").toLowerCase(Locale.ROOT), WireText.encode(header.string("value")), how));
        }
    }

    private static List<Parameter> parameters(ConfigNode ok) {
        List<Parameter> all = new ArrayList<>();
        for (ConfigNode parameter : ok.messages("query_parameters_to_set")) {
            all.add(new Parameter(
                    WireText.encode(parameter.string("key")), WireText.encode(parameter.string("value"))));
        }
        return all;
    }

    private static List<String> encoded(List<String> texts) {
        return texts.stream().map(WireText::encode).toList();
    }

    private static Map<String, Object> struct(ConfigNode node, String field) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (node.has(field) && node.struct(field) instanceof Map<?, ?> map) {
            map.forEach((key, value) -> fields.put(String.valueOf(key), value));
        }
        return fields;
    }
}
