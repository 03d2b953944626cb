package dev.mishap.control.rules;

import static dev.mishap.control.rules.ProtoValues.at;
import static dev.mishap.control.rules.ProtoValues.missing;
import static dev.mishap.control.rules.ProtoValues.percent;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Destination;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.Question;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The scopes of rule messages, both ways. */
final class ScopeProtos {
    private ScopeProtos() {}

    static dev.mishap.rules.v1.Scope toProto(Scope scope) {
        dev.mishap.rules.v1.Scope.Builder message = dev.mishap.rules.v1.Scope.newBuilder()
                .addAllListeners(scope.listeners())
                .addAllClusters(scope.clusters())
                .addAllRoutes(scope.routes())
                .addAllMethods(scope.methods());
        if (scope.path() != null) {
            message.setPath(string(scope.path()));
        }
        scope.headers().forEach(header -> message.addHeaders(header(header)));
        if (!scope.source().equals(Source.ANY)) {
            message.setSource(dev.mishap.rules.v1.Scope.Source.newBuilder()
                    .addAllCidrs(texts(scope.source().cidrs()))
                    .addAllNodes(scope.source().nodes()));
        }
        dev.mishap.rules.v1.Scope.Cohort cohort = cohort(scope.cohort());
        if (cohort != null) {
            message.setCohort(cohort);
        }
        if (scope.sni() != null) {
            message.setSni(string(scope.sni()));
        }
        if (!scope.destination().equals(Destination.ANY)) {
            message.setDestination(dev.mishap.rules.v1.Scope.Destination.newBuilder()
                    .addAllCidrs(texts(scope.destination().cidrs()))
                    .addAllPorts(scope.destination().ports()));
        }
        if (!scope.endpoints().equals(Endpoints.ANY)) {
            message.setEndpoints(dev.mishap.rules.v1.Scope.Endpoints.newBuilder()
                    .addAllCidrs(texts(scope.endpoints().cidrs()))
                    .addAllPorts(scope.endpoints().ports())
                    .addAllLocalities(scope.endpoints().localities())
                    .putAllLabels(scope.endpoints().labels()));
        }
        if (!scope.question().equals(Question.ANY)) {
            dev.mishap.rules.v1.Scope.Question.Builder question = dev.mishap.rules.v1.Scope.Question.newBuilder()
                    .addAllTypes(scope.question().types());
            if (scope.question().name() != null) {
                question.setName(string(scope.question().name()));
            }
            message.setQuestion(question);
        }
        return message.build();
    }

    /** @param fault says what a cohort without a key goes by */
    static Scope fromProto(dev.mishap.rules.v1.Scope message, Fault fault) {
        CohortKey key = fault.kind().plane() == Fault.Plane.REQUEST ? CohortKey.TRACE_ID : CohortKey.SOURCE_ADDRESS;
        return new Scope(
                message.getListenersList(),
                message.getClustersList(),
                message.getRoutesList(),
                message.getMethodsList(),
                message.hasPath() ? string("scope.path", message.getPath()) : null,
                each("scope.headers", message.getHeadersCount(), i -> header(i, message.getHeaders(i))),
                new Source(
                        cidrs("scope.source.cidrs", message.getSource().getCidrsList()),
                        message.getSource().getNodesList()),
                message.hasCohort() ? at("scope.cohort", () -> cohort(message.getCohort(), key)) : Cohort.ALL,
                message.hasSni() ? string("scope.sni", message.getSni()) : null,
                at(
                        "scope.destination",
                        () -> new Destination(
                                cidrs(
                                        "scope.destination.cidrs",
                                        message.getDestination().getCidrsList()),
                                message.getDestination().getPortsList())),
                at(
                        "scope.question",
                        () -> new Question(
                                message.getQuestion().hasName()
                                        ? string(
                                                "scope.question.name",
                                                message.getQuestion().getName())
                                        : null,
                                message.getQuestion().getTypesList())),
                at(
                        "scope.endpoints",
                        () -> new Endpoints(
                                cidrs(
                                        "scope.endpoints.cidrs",
                                        message.getEndpoints().getCidrsList()),
                                message.getEndpoints().getPortsList(),
                                message.getEndpoints().getLocalitiesList(),
                                message.getEndpoints().getLabelsMap())));
    }

    private static List<String> texts(List<Cidr> cidrs) {
        return cidrs.stream().map(Cidr::text).toList();
    }

    private static List<Cidr> cidrs(String field, List<String> texts) {
        return each(field, texts.size(), i -> new Cidr(texts.get(i)));
    }

    private static <T> List<T> each(String field, int count, Function<Integer, T> make) {
        return IntStream.range(0, count)
                .mapToObj(i -> at(field + "[" + i + "]", () -> make.apply(i)))
                .toList();
    }

    private static dev.mishap.rules.v1.StringMatcher string(StringMatcher matcher) {
        dev.mishap.rules.v1.StringMatcher.Builder message = dev.mishap.rules.v1.StringMatcher.newBuilder();
        switch (matcher.kind()) {
            case EXACT -> message.setExact(matcher.text());
            case PREFIX -> message.setPrefix(matcher.text());
            case SUFFIX -> message.setSuffix(matcher.text());
            case CONTAINS -> message.setContains(matcher.text());
            case REGEX -> message.setRegex(matcher.text());
        }
        return message.build();
    }

    private static StringMatcher string(String field, dev.mishap.rules.v1.StringMatcher message) {
        return at(field, () -> switch (message.getTestCase()) {
            case EXACT -> StringMatcher.exact(message.getExact());
            case PREFIX -> StringMatcher.prefix(message.getPrefix());
            case SUFFIX -> new StringMatcher(StringMatcher.Kind.SUFFIX, message.getSuffix());
            case CONTAINS -> new StringMatcher(StringMatcher.Kind.CONTAINS, message.getContains());
            case REGEX -> new StringMatcher(StringMatcher.Kind.REGEX, message.getRegex());
            case TEST_NOT_SET -> throw missing(field, "one of exact, prefix, suffix, contains, regex");
        });
    }

    private static dev.mishap.rules.v1.HeaderMatcher header(HeaderMatcher matcher) {
        dev.mishap.rules.v1.HeaderMatcher.Builder message = dev.mishap.rules.v1.HeaderMatcher.newBuilder()
                .setName(matcher.name())
                .setInvert(matcher.invert());
        StringMatcher value = matcher.value();
        HeaderMatcher.Range range = matcher.range();
        if (value != null) {
            switch (value.kind()) {
                case EXACT -> message.setExact(value.text());
                case PREFIX -> message.setPrefix(value.text());
                case SUFFIX -> message.setSuffix(value.text());
                case CONTAINS -> message.setContains(value.text());
                case REGEX -> message.setRegex(value.text());
            }
        } else if (range != null) {
            message.setRange(dev.mishap.rules.v1.HeaderMatcher.Range.newBuilder()
                    .setStart(range.start())
                    .setEnd(range.end()));
        } else {
            message.setPresent(Boolean.TRUE.equals(matcher.present()));
        }
        return message.build();
    }

    private static HeaderMatcher header(int index, dev.mishap.rules.v1.HeaderMatcher message) {
        StringMatcher value = switch (message.getTestCase()) {
            case EXACT -> StringMatcher.exact(message.getExact());
            case PREFIX -> StringMatcher.prefix(message.getPrefix());
            case SUFFIX -> new StringMatcher(StringMatcher.Kind.SUFFIX, message.getSuffix());
            case CONTAINS -> new StringMatcher(StringMatcher.Kind.CONTAINS, message.getContains());
            case REGEX -> new StringMatcher(StringMatcher.Kind.REGEX, message.getRegex());
            case PRESENT, RANGE -> null;
            case TEST_NOT_SET ->
                throw missing(
                        "scope.headers[" + index + "]",
                        "one of exact, prefix, suffix, contains, regex, present, range");
        };
        return new HeaderMatcher(message.getName(), value, present(message), range(message), message.getInvert());
    }

    private static @Nullable Boolean present(dev.mishap.rules.v1.HeaderMatcher message) {
        return message.hasPresent() ? message.getPresent() : null;
    }

    private static HeaderMatcher.@Nullable Range range(dev.mishap.rules.v1.HeaderMatcher message) {
        return message.hasRange()
                ? new HeaderMatcher.Range(
                        message.getRange().getStart(), message.getRange().getEnd())
                : null;
    }

    private static dev.mishap.rules.v1.Scope.@Nullable Cohort cohort(Cohort cohort) {
        if (cohort.equals(Cohort.ALL)) {
            return null;
        }
        dev.mishap.rules.v1.Scope.Cohort.Key.Builder key = dev.mishap.rules.v1.Scope.Cohort.Key.newBuilder();
        switch (cohort.key().kind()) {
            case TRACE_ID -> key.setTraceId(true);
            case HEADER -> key.setHeader(cohort.key().name());
            case COOKIE -> key.setCookie(cohort.key().name());
            case SOURCE_ADDRESS -> key.setSourceAddress(true);
        }
        dev.mishap.rules.v1.Scope.Cohort.Builder message = dev.mishap.rules.v1.Scope.Cohort.newBuilder()
                .setPercent(percent(cohort.percent()))
                .setKey(key);
        if (cohort.seed() != null) {
            message.setSeed(cohort.seed());
        }
        return message.build();
    }

    private static Cohort cohort(dev.mishap.rules.v1.Scope.Cohort message, CohortKey byDefault) {
        if (!message.hasPercent()) {
            throw missing("scope.cohort.percent", "the share of callers");
        }
        return new Cohort(
                percent("scope.cohort.percent", message.getPercent()),
                message.getSeed().isEmpty() ? null : message.getSeed(),
                message.hasKey() ? at("scope.cohort.key", () -> key(message.getKey())) : byDefault);
    }

    private static CohortKey key(dev.mishap.rules.v1.Scope.Cohort.Key key) {
        return switch (key.getKeyCase()) {
            case HEADER -> CohortKey.header(key.getHeader());
            case COOKIE -> CohortKey.cookie(key.getCookie());
            case TRACE_ID -> only(CohortKey.TRACE_ID, "trace_id", key.getTraceId());
            case SOURCE_ADDRESS -> only(CohortKey.SOURCE_ADDRESS, "source_address", key.getSourceAddress());
            case KEY_NOT_SET -> throw missing("scope.cohort.key", "one of header, cookie, trace_id, source_address");
        };
    }

    private static CohortKey only(CohortKey key, String field, boolean set) {
        if (!set) {
            throw new InvalidRuleException("scope.cohort.key." + field, "value must equal true");
        }
        return key;
    }
}
