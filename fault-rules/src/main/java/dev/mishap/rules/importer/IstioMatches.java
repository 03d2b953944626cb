package dev.mishap.rules.importer;

import com.google.re2j.Pattern;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import dev.mishap.rules.yaml.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Istio's match conditions as ours. Istio takes the first route that matches, so a later route's rule must leave out what earlier ones take. */
final class IstioMatches {
    private static final Set<String> CONDITIONS =
            Set.of("name", "uri", "method", "authority", "scheme", "headers", "withoutHeaders", "ignoreUriCase");

    record Conditions(List<String> methods, @Nullable StringMatcher path, List<HeaderMatcher> headers) {}

    private IstioMatches() {}

    /** One test of {@code :authority} for all hosts; null when every host is meant. */
    static @Nullable HeaderMatcher hosts(List<Tree> hosts, String namespace, Import into) {
        StringJoiner any = new StringJoiner("|");
        for (Tree host : hosts) {
            String text = host.text();
            if (text.equals("*")) {
                return null;
            }
            if (text.startsWith("*.")) {
                any.add("[^:]+" + Pattern.quote(text.substring(1)));
            } else if (text.indexOf('.') < 0) {
                // A short name is the service of that name in the resource's namespace, in all the ways it can be
                // called.
                any.add(Pattern.quote(text) + "(\\." + Pattern.quote(namespace) + "(\\.svc(\\.cluster\\.local)?)?)?");
            } else {
                any.add(Pattern.quote(text));
            }
        }
        if (any.length() == 0) {
            return null;
        }
        HeaderMatcher matcher = hosts.isEmpty()
                ? null
                : into.problems.attempt(
                        hosts.get(0),
                        () -> HeaderMatcher.of(
                                ":authority",
                                new StringMatcher(StringMatcher.Kind.REGEX, "(?i)(" + any + ")(:[0-9]+)?")));
        return matcher;
    }

    static Conditions conditions(@Nullable Tree match, Import into) {
        List<String> methods = new ArrayList<>();
        List<HeaderMatcher> headers = new ArrayList<>();
        if (match == null) {
            return new Conditions(methods, null, headers);
        }
        into.onlyThese(match, CONDITIONS);
        Tree ignoreCase = match.get("ignoreUriCase");
        if (ignoreCase != null && !ignoreCase.text().equals("false")) {
            into.problems.add(ignoreCase, "cannot be carried over: paths are compared with their case");
        }
        Tree uri = match.get("uri");
        StringMatcher path = uri == null ? null : matcher(uri, into);
        Tree method = match.get("method");
        if (method != null) {
            StringMatcher matcher = matcher(method, into);
            if (matcher != null && matcher.kind() == StringMatcher.Kind.EXACT) {
                methods.add(matcher.text());
            } else if (matcher != null) {
                headers.add(HeaderMatcher.of(":method", matcher));
            }
        }
        pseudo(match, "authority", headers, into);
        pseudo(match, "scheme", headers, into);
        headers(match.get("headers"), false, headers, into);
        headers(match.get("withoutHeaders"), true, headers, into);
        return new Conditions(methods, path, headers);
    }

    private static void pseudo(Tree match, String field, List<HeaderMatcher> headers, Import into) {
        Tree value = match.get(field);
        StringMatcher matcher = value == null ? null : matcher(value, into);
        if (matcher != null) {
            headers.add(HeaderMatcher.of(":" + field, matcher));
        }
    }

    private static void headers(@Nullable Tree tree, boolean invert, List<HeaderMatcher> headers, Import into) {
        if (tree == null) {
            return;
        }
        for (Map.Entry<String, Tree> entry : tree.fields().entrySet()) {
            Tree value = entry.getValue();
            boolean anyValue = value.kind() == Tree.Kind.NULL
                    || value.kind() == Tree.Kind.MAP && value.fields().isEmpty();
            StringMatcher matcher = anyValue ? null : matcher(value, into);
            if (anyValue || matcher != null) {
                HeaderMatcher made = into.problems.attempt(
                        value,
                        () -> anyValue
                                ? new HeaderMatcher(entry.getKey(), null, !invert, null, false)
                                : new HeaderMatcher(entry.getKey(), matcher, null, null, invert));
                if (made != null) {
                    headers.add(made);
                }
            }
        }
    }

    private static @Nullable StringMatcher matcher(Tree tree, Import into) {
        into.onlyThese(tree, Set.of("exact", "prefix", "regex"));
        for (StringMatcher.Kind kind :
                List.of(StringMatcher.Kind.EXACT, StringMatcher.Kind.PREFIX, StringMatcher.Kind.REGEX)) {
            Tree value = tree.get(kind.field());
            if (value != null) {
                return into.problems.attempt(value, () -> new StringMatcher(kind, value.text()));
            }
        }
        into.problems.add(tree, "expected exact, prefix or regex");
        return null;
    }

    /** Conditions that keep what earlier routes take out of a rule for {@code match}. */
    static List<HeaderMatcher> exclude(List<Tree> earlier, @Nullable Tree match, Tree at, Import into) {
        List<HeaderMatcher> excluded = new ArrayList<>();
        for (Tree route : earlier) {
            if (route.itemsOf("match").isEmpty()) {
                into.problems.add(at, "is never reached: " + route.path() + " takes every request");
            }
            excluded.addAll(excludeMatches(route.itemsOf("match"), match, at, into));
        }
        return excluded;
    }

    static List<HeaderMatcher> excludeMatches(List<Tree> earlier, @Nullable Tree match, Tree at, Import into) {
        List<HeaderMatcher> excluded = new ArrayList<>();
        for (Tree other : earlier) {
            Conditions theirs = conditions(other, into);
            if (disjoint(
                    theirs.path(),
                    match == null ? null : conditions(match, into).path())) {
                continue;
            }
            if (theirs.path() == null
                    && theirs.methods().isEmpty()
                    && theirs.headers().size() == 1) {
                HeaderMatcher h = theirs.headers().get(0);
                excluded.add(new HeaderMatcher(h.name(), h.value(), h.present(), h.range(), !h.invert()));
            } else {
                into.problems.add(
                        at,
                        "cannot be carried over: it acts only on what " + other.path()
                                + " does not take, and a rule can leave out no more than a header");
            }
        }
        return excluded;
    }

    /** Whether no path passes both. */
    private static boolean disjoint(@Nullable StringMatcher a, @Nullable StringMatcher b) {
        if (a == null || b == null || a.kind() == StringMatcher.Kind.REGEX || b.kind() == StringMatcher.Kind.REGEX) {
            return false;
        }
        boolean aPrefix = a.kind() == StringMatcher.Kind.PREFIX;
        boolean bPrefix = b.kind() == StringMatcher.Kind.PREFIX;
        return !(aPrefix && b.text().startsWith(a.text())
                || bPrefix && a.text().startsWith(b.text())
                || a.text().equals(b.text()));
    }
}
