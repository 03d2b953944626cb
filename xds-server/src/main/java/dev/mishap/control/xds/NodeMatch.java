package dev.mishap.control.xds;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.envoyproxy.envoy.type.matcher.v3.NodeMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StructMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** {@code node_matchers} of a client status request: any of them, each with its id and all of its metadata. */
final class NodeMatch {
    private final List<Predicate<NodeInfo>> any = new ArrayList<>();

    private NodeMatch() {}

    /** @throws IllegalArgumentException for a matcher that is not understood */
    static NodeMatch of(List<NodeMatcher> matchers) {
        NodeMatch match = new NodeMatch();
        for (NodeMatcher matcher : matchers) {
            Predicate<NodeInfo> all = node -> true;
            if (matcher.hasNodeId()) {
                Predicate<String> id = string(matcher.getNodeId());
                all = node -> id.test(node.id());
            }
            for (StructMatcher metadata : matcher.getNodeMetadatasList()) {
                all = all.and(metadata(metadata));
            }
            match.any.add(all);
        }
        return match;
    }

    boolean matches(NodeInfo node) {
        return any.isEmpty() || any.stream().anyMatch(p -> p.test(node));
    }

    private static Predicate<NodeInfo> metadata(StructMatcher matcher) {
        String path = matcher.getPathList().stream()
                .map(StructMatcher.PathSegment::getKey)
                .collect(Collectors.joining("."));
        ValueMatcher value = matcher.getValue();
        return switch (value.getMatchPatternCase()) {
            case STRING_MATCH -> {
                Predicate<String> string = string(value.getStringMatch());
                yield node -> {
                    String fact = node.facts().get(path);
                    return fact != null && string.test(fact);
                };
            }
            case BOOL_MATCH -> {
                String wanted = Boolean.toString(value.getBoolMatch());
                yield node -> wanted.equals(node.facts().get(path));
            }
            case PRESENT_MATCH ->
                node -> value.getPresentMatch() && node.facts().containsKey(path);
            default ->
                throw new IllegalArgumentException("node_metadatas." + path + ": expected string_match, bool_match or "
                        + "present_match, got " + value.getMatchPatternCase());
        };
    }

    private static Predicate<String> string(StringMatcher matcher) {
        if (matcher.getIgnoreCase() && matcher.getMatchPatternCase() != StringMatcher.MatchPatternCase.SAFE_REGEX) {
            Predicate<String> lower = plain(matcher, Locale.ROOT);
            return s -> lower.test(s.toLowerCase(Locale.ROOT));
        }
        return plain(matcher, null);
    }

    private static Predicate<String> plain(StringMatcher matcher, @org.jspecify.annotations.Nullable Locale lower) {
        java.util.function.UnaryOperator<String> form = s -> lower == null ? s : s.toLowerCase(lower);
        return switch (matcher.getMatchPatternCase()) {
            case EXACT -> form.apply(matcher.getExact())::equals;
            case PREFIX -> {
                String prefix = form.apply(matcher.getPrefix());
                yield s -> s.startsWith(prefix);
            }
            case SUFFIX -> {
                String suffix = form.apply(matcher.getSuffix());
                yield s -> s.endsWith(suffix);
            }
            case CONTAINS -> {
                String part = form.apply(matcher.getContains());
                yield s -> s.contains(part);
            }
            case SAFE_REGEX -> {
                try {
                    Pattern pattern = Pattern.compile(matcher.getSafeRegex().getRegex());
                    yield s -> pattern.matches(s);
                } catch (PatternSyntaxException e) {
                    throw new IllegalArgumentException("safe_regex: " + e.getMessage(), e);
                }
            }
            default ->
                throw new IllegalArgumentException(
                        "a string matcher needs exact, prefix, suffix, contains or safe_regex");
        };
    }
}
