package dev.mishap.proxy.rules.config;

import static dev.mishap.proxy.rules.config.RuleConfig.attempt;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Destination;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Question;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads {@code mishap.rules.v1.Scope}. */
final class ScopeConfig {
    private static final String SCOPE = RuleConfig.PACKAGE + "Scope";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(SCOPE)
                    .supported(
                            "listeners",
                            "clusters",
                            "routes",
                            "methods",
                            "path",
                            "headers",
                            "source",
                            "cohort",
                            "sni",
                            "destination",
                            "question",
                            "endpoints"),
            SupportedFields.of(SCOPE + ".Source").supported("cidrs", "nodes"),
            SupportedFields.of(SCOPE + ".Destination").supported("cidrs", "ports"),
            SupportedFields.of(SCOPE + ".Endpoints").supported("cidrs", "ports", "localities", "labels"),
            SupportedFields.of(SCOPE + ".Question").supported("name", "types"),
            SupportedFields.of(SCOPE + ".Cohort").supported("percent", "seed", "key"),
            SupportedFields.of(SCOPE + ".Cohort.Key").supported("header", "cookie", "trace_id", "source_address"),
            SupportedFields.of(RuleConfig.PACKAGE + "StringMatcher")
                    .supported("exact", "prefix", "suffix", "contains", "regex"),
            SupportedFields.of(RuleConfig.PACKAGE + "HeaderMatcher")
                    .supported("name", "exact", "prefix", "suffix", "contains", "regex", "present", "range", "invert"),
            SupportedFields.of(RuleConfig.PACKAGE + "HeaderMatcher.Range").supported("start", "end"));

    private ScopeConfig() {}

    /** @param fault says what a cohort without a key goes by */
    static Scope from(@Nullable ConfigNode node, Fault fault) {
        if (node == null) {
            return Scope.ANY;
        }
        ConfigNode source = node.message("source");
        ConfigNode destination = node.message("destination");
        ConfigNode question = node.message("question");
        ConfigNode cohort = node.message("cohort");
        ConfigNode endpoints = node.message("endpoints");
        return attempt(
                node,
                "methods",
                () -> new Scope(
                        node.strings("listeners"),
                        node.strings("clusters"),
                        node.strings("routes"),
                        node.strings("methods"),
                        matcher(node, "path"),
                        headers(node),
                        source == null ? Source.ANY : new Source(cidrs(source), source.strings("nodes")),
                        cohort == null ? Cohort.ALL : cohort(cohort, fault),
                        matcher(node, "sni"),
                        destination == null ? Destination.ANY : new Destination(cidrs(destination), ports(destination)),
                        question == null
                                ? Question.ANY
                                : attempt(
                                        question,
                                        "name",
                                        () -> new Question(matcher(question, "name"), question.strings("types"))),
                        endpoints == null ? Endpoints.ANY : endpoints(endpoints)));
    }

    private static List<Cidr> cidrs(ConfigNode node) {
        List<Cidr> cidrs = new ArrayList<>();
        for (String text : node.strings("cidrs")) {
            cidrs.add(attempt(node, "cidrs[" + cidrs.size() + "]", () -> new Cidr(text)));
        }
        return cidrs;
    }

    private static List<Integer> ports(ConfigNode node) {
        return node.integers("ports").stream().map(Long::intValue).toList();
    }

    private static Endpoints endpoints(ConfigNode node) {
        return attempt(
                node,
                "localities",
                () -> new Endpoints(cidrs(node), ports(node), node.strings("localities"), node.stringMap("labels")));
    }

    private static @Nullable StringMatcher matcher(ConfigNode node, String field) {
        ConfigNode matcher = node.message(field);
        return matcher == null ? null : test(matcher);
    }

    /** The test that the message's oneof says; null when it is none of a string. */
    private static @Nullable StringMatcher test(ConfigNode node) {
        String test = node.oneof("test");
        for (StringMatcher.Kind kind : StringMatcher.Kind.values()) {
            String field = kind.field();
            if (field.equals(test)) {
                return attempt(node, field, () -> new StringMatcher(kind, node.string(field)));
            }
        }
        return null;
    }

    private static List<HeaderMatcher> headers(ConfigNode scope) {
        List<HeaderMatcher> headers = new ArrayList<>();
        for (ConfigNode node : scope.messages("headers")) {
            StringMatcher value = test(node);
            ConfigNode range = node.message("range");
            HeaderMatcher.Range bounds = range == null
                    ? null
                    : attempt(
                            range,
                            "end",
                            () -> new HeaderMatcher.Range(range.integer("start", 0), range.integer("end", 0)));
            headers.add(attempt(
                    node,
                    "name",
                    () -> new HeaderMatcher(
                            node.string("name"),
                            value,
                            node.has("present") ? node.bool("present", false) : null,
                            bounds,
                            node.bool("invert", false))));
        }
        return headers;
    }

    private static Cohort cohort(ConfigNode node, Fault fault) {
        ConfigNode key = node.message("key");
        String seed = node.string("seed");
        return attempt(
                node,
                "seed",
                () -> new Cohort(
                        RuleConfig.percentage(node, "percent", Percentage.FULL),
                        seed.isEmpty() ? null : seed,
                        key == null ? byDefault(fault) : key(key)));
    }

    private static CohortKey byDefault(Fault fault) {
        return fault.kind().plane() == Fault.Plane.REQUEST ? CohortKey.TRACE_ID : CohortKey.SOURCE_ADDRESS;
    }

    private static CohortKey key(ConfigNode node) {
        String field = String.valueOf(node.oneof("key"));
        return attempt(
                node,
                field,
                () -> new CohortKey(
                        CohortKey.Kind.valueOf(field.toUpperCase(Locale.ROOT)),
                        field.equals("header") || field.equals("cookie") ? node.string(field) : ""));
    }
}
