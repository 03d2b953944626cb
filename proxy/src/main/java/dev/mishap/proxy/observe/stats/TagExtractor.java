package dev.mishap.proxy.observe.stats;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes the varying parts out of a stat's name: {@code cluster.u1.upstream_rq_200} is {@code cluster.upstream_rq} with
 * {@code envoy.cluster_name=u1} and {@code envoy.response_code=200}. The default tags are Envoy's; a configuration adds fixed
 * tags and expressions of its own. Asked when stats are shown as labels, never when they are counted.
 */
public final class TagExtractor {
    private static final String RESPONSE_CODE = "envoy.response_code";
    private static final String RESPONSE_CODE_CLASS = "envoy.response_code_class";
    private static final String WORKER_ID = "envoy.worker_id";
    private static final String LISTENER_ADDRESS = "envoy.listener_address";

    /** {@code envoy.cluster_name} and the like with the name's tokens: $ is the tag's value, * any token, ** the rest. */
    private static final String[][] DEFAULTS = {
        {"envoy.virtual_cluster", "vhost.*.vcluster.$.**"},
        {"envoy.fault_downstream_cluster", "http.*.fault.$.**"},
        {"envoy.http_user_agent", "http.*.user_agent.$.**"},
        {"envoy.tcp_prefix", "tcp.$.**"},
        {"envoy.udp_prefix", "udp.$.**"},
        {"envoy.clientssl_prefix", "auth.clientssl.$.**"},
        {"envoy.ratelimit_prefix", "ratelimit.$.**"},
        {"envoy.cluster_name", "cluster.$.**"},
        {"envoy.http_conn_manager_prefix", "http.$.**"},
        {"envoy.virtual_host", "vhost.$.**"},
        {"envoy.route", "vhost.*.route.$.**"},
        {"envoy.local_network_ratelimit_prefix", "local_rate_limit.$.**"},
        {"envoy.local_http_ratelimit_prefix", "$.http_local_rate_limit.**"},
        {"envoy.connection_limit_prefix", "connection_limit.$.**"},
    };

    private final Map<String, String> fixed;
    private final List<Expression> anywhere = new ArrayList<>();
    private final List<Expression> prefixed = new ArrayList<>();
    private final List<TokenPattern> patterns = new ArrayList<>();
    private final boolean responseCodes;
    private final boolean responseClasses;
    private final boolean workerIds;
    private final boolean listeners;

    /**
     * A tag found by an expression: its first group is taken out of the name, its second, or else its first, is the value.
     */
    public record Expression(String tag, Pattern pattern) {}

    /** A tag and its value. */
    public record Tag(String name, String value) {}

    /** A name without its varying parts, and those. */
    public record Tagged(String name, List<Tag> tags) {}

    /**
     * @param fixed tags that every stat has
     * @param expressions the configuration's own tags
     * @param defaults whether Envoy's default tags are taken out, too
     */
    public TagExtractor(Map<String, String> fixed, List<Expression> expressions, boolean defaults) {
        this(fixed, expressions, defaults, Set.of());
    }

    /**
     * @param chosen names of default tags that are taken out even though {@code defaults} are not, see {@link #isDefault}
     */
    public TagExtractor(Map<String, String> fixed, List<Expression> expressions, boolean defaults, Set<String> chosen) {
        this.fixed = fixed;
        for (Expression e : expressions) {
            (prefixed(e.pattern().pattern()) ? prefixed : anywhere).add(e);
        }
        responseCodes = defaults || chosen.contains(RESPONSE_CODE);
        responseClasses = defaults || chosen.contains(RESPONSE_CODE_CLASS);
        workerIds = defaults || chosen.contains(WORKER_ID);
        listeners = defaults || chosen.contains(LISTENER_ADDRESS);
        for (String[] d : DEFAULTS) {
            if (defaults || chosen.contains(d[0])) {
                patterns.add(new TokenPattern(d[0], d[1].split("\\.")));
            }
        }
    }

    /** Whether there is a default tag of that name. */
    public static boolean isDefault(String tag) {
        for (String[] d : DEFAULTS) {
            if (d[0].equals(tag)) {
                return true;
            }
        }
        return List.of(RESPONSE_CODE, RESPONSE_CODE_CLASS, WORKER_ID, LISTENER_ADDRESS)
                .contains(tag);
    }

    /** The tags of a number: those that it came with, if it did. */
    public Tagged extract(StatsSnapshot.Number number) {
        Tagged own = number.tagged();
        return own == null ? extract(number.name()) : withFixed(own);
    }

    /** What has its tags already, with those that every stat has. */
    Tagged withFixed(Tagged own) {
        if (fixed.isEmpty()) {
            return own;
        }
        List<Tag> all = new ArrayList<>();
        fixed.forEach((tag, value) -> all.add(new Tag(tag, value)));
        all.addAll(own.tags());
        return new Tagged(own.name(), all);
    }

    public Tagged extract(String name) {
        List<Tag> tags = new ArrayList<>();
        List<int[]> cuts = new ArrayList<>();
        responseCode(name, tags, cuts);
        if (workerIds) {
            workerId(name, tags, cuts);
        }
        fixed.forEach((tag, value) -> tags.add(new Tag(tag, value)));
        apply(anywhere, name, tags, cuts);
        for (TokenPattern pattern : patterns) {
            pattern.apply(name, tags, cuts);
        }
        if (listeners) {
            listener(name, tags, cuts);
        }
        apply(prefixed, name, tags, cuts);
        return new Tagged(without(name, cuts), tags);
    }

    private static void apply(List<Expression> expressions, String name, List<Tag> tags, List<int[]> cuts) {
        for (Expression e : expressions) {
            Matcher m = e.pattern().matcher(name);
            if (m.find() && m.groupCount() >= 1 && m.start(1) >= 0) {
                boolean inner = m.groupCount() >= 2 && m.start(2) >= 0;
                tags.add(new Tag(e.tag(), m.group(inner ? 2 : 1)));
                cuts.add(new int[] {m.start(1), m.end(1)});
            }
        }
    }

    /** {@code ^word\.…}: Envoy finds such expressions by a name's first token, after all others. */
    private static boolean prefixed(String regex) {
        int i = 1;
        while (i < regex.length() && (Character.isLetterOrDigit(regex.charAt(i)) || regex.charAt(i) == '_')) {
            i++;
        }
        return i > 1 && regex.charAt(0) == '^' && regex.startsWith("\\.", i);
    }

    /** {@code …_rq_503} loses {@code _503}; {@code …_rq_5xx} loses the digit. */
    private void responseCode(String name, List<Tag> tags, List<int[]> cuts) {
        int n = name.length();
        if (n < 7 || !name.startsWith("_rq_", n - 7) || !digit(name, n - 3)) {
            return;
        }
        if (name.endsWith("xx") && responseClasses) {
            tags.add(new Tag(RESPONSE_CODE_CLASS, name.substring(n - 3, n - 2)));
            cuts.add(new int[] {n - 3, n - 2});
        } else if (responseCodes && digit(name, n - 2) && digit(name, n - 1)) {
            tags.add(new Tag(RESPONSE_CODE, name.substring(n - 3)));
            cuts.add(new int[] {n - 4, n});
        }
    }

    private static boolean digit(String name, int at) {
        return name.charAt(at) >= '0' && name.charAt(at) <= '9';
    }

    private static void workerId(String name, List<Tag> tags, List<int[]> cuts) {
        int at = name.indexOf("worker_");
        if (at < 1 || name.charAt(at - 1) != '.') {
            return;
        }
        int from = at + "worker_".length();
        int to = from;
        while (to < name.length() && digit(name, to)) {
            to++;
        }
        if (to == from || to == name.length() || name.charAt(to) != '.') {
            return;
        }
        boolean known = name.startsWith("server.")
                || name.startsWith("listener_manager.")
                || name.startsWith("thread_local_cluster_manager.")
                || name.startsWith("listener.") && listenerEnd(name) == at;
        if (known) {
            tags.add(new Tag(WORKER_ID, name.substring(from, to)));
            cuts.add(new int[] {from - 1, to});
        }
    }

    /** {@code listener.<address>.…}, where an IPv4 address has dots of its own, and {@code http.<prefix>.} after it. */
    private static void listener(String name, List<Tag> tags, List<int[]> cuts) {
        if (!name.startsWith("listener.")) {
            return;
        }
        int from = "listener.".length();
        int end = listenerEnd(name);
        int http = name.indexOf(".http.");
        if (http >= 0) {
            int prefix = http + ".http.".length();
            int dot = name.indexOf('.', prefix);
            if (dot > 0) {
                tags.add(new Tag("envoy.http_conn_manager_prefix", name.substring(prefix, dot)));
                cuts.add(new int[] {prefix, dot + 1});
            }
        }
        if (end > from && !name.startsWith("admin.", from)) {
            tags.add(new Tag(LISTENER_ADDRESS, name.substring(from, end - 1)));
            cuts.add(new int[] {from, end});
        }
    }

    /** Where the part after {@code listener.<address>.} begins, or -1. */
    private static int listenerEnd(String name) {
        int from = "listener.".length();
        int i = from;
        while (i < name.length() && (digit(name, i) || name.charAt(i) == '.' || name.charAt(i) == '_')) {
            i++;
        }
        if (i > from && name.charAt(i - 1) == '.' && i - from > 4) {
            return i; // an IPv4 address and its port
        }
        int dot = name.indexOf('.', from);
        return dot < 0 ? -1 : dot + 1;
    }

    private static String without(String name, List<int[]> cuts) {
        if (cuts.isEmpty()) {
            return name;
        }
        StringBuilder out = new StringBuilder(name.length());
        for (int i = 0; i < name.length(); i++) {
            boolean cut = false;
            for (int[] c : cuts) {
                cut |= i >= c[0] && i < c[1];
            }
            if (!cut) {
                out.append(name.charAt(i));
            }
        }
        return out.toString();
    }

    private record TokenPattern(String tag, String[] tokens) {
        void apply(String name, List<Tag> tags, List<int[]> cuts) {
            int at = 0;
            int @Nullable [] found = null;
            for (int i = 0; i < tokens.length; i++) {
                if (at > name.length()) {
                    return;
                }
                String token = tokens[i];
                if (token.equals("**")) {
                    break; // at least one token is left, or the check above had ended it
                }
                int dot = name.indexOf('.', at);
                if (dot < 0) {
                    return;
                }
                if (token.equals("$")) {
                    found = new int[] {at, dot};
                } else if (!token.equals("*") && !(token.length() == dot - at && name.startsWith(token, at))) {
                    return;
                }
                at = dot + 1;
            }
            if (found != null) {
                tags.add(new Tag(tag, name.substring(found[0], found[1])));
                cuts.add(new int[] {found[0], found[1] + 1});
            }
        }
    }
}
