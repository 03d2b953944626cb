package dev.mishap.rules;

import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rules that one request can be in the scope of, and what they do together.
 *
 * @param rules in the order in which they act
 * @param outcome lines for people
 */
public record RuleOverlap(List<FaultRule> rules, List<String> outcome) {
    public RuleOverlap {
        rules = List.copyOf(rules);
        outcome = List.copyOf(outcome);
    }

    /** Groups rules by whether their scopes may meet. Scopes that are not seen to be apart are taken to meet. */
    public static List<RuleOverlap> among(List<FaultRule> rules) {
        List<FaultRule> ordered =
                RuleSet.compile(rules, 0, () -> 0, new HeaderSlots()).rules();
        List<List<FaultRule>> groups = new ArrayList<>();
        for (FaultRule rule : ordered) {
            List<FaultRule> mine = new ArrayList<>();
            for (List<FaultRule> group : List.copyOf(groups)) {
                if (group.stream().anyMatch(other -> mayMeet(rule, other))) {
                    mine.addAll(group);
                    groups.remove(group);
                }
            }
            mine.add(rule);
            groups.add(mine);
        }
        List<RuleOverlap> overlaps = new ArrayList<>();
        for (List<FaultRule> group : groups) {
            if (group.size() > 1) {
                group.sort(Comparator.comparingInt(ordered::indexOf));
                overlaps.add(new RuleOverlap(group, outcome(group)));
            }
        }
        return overlaps;
    }

    private static boolean mayMeet(FaultRule a, FaultRule b) {
        return a.fault().kind().plane() == b.fault().kind().plane()
                && a.isUpstream() == b.isUpstream()
                && mayMeet(a.scope(), b.scope());
    }

    static boolean mayMeet(Scope a, Scope b) {
        return meet(a.listeners(), b.listeners())
                && meet(a.clusters(), b.clusters())
                && meet(a.routes(), b.routes())
                && meet(a.methods(), b.methods())
                && textsMeet(a.path(), b.path())
                && headersMeet(a.headers(), b.headers())
                && meet(a.source().nodes(), b.source().nodes())
                && rangesMeet(a.source().cidrs(), b.source().cidrs())
                && textsMeet(a.sni(), b.sni())
                && rangesMeet(a.destination().cidrs(), b.destination().cidrs())
                && (a.destination().ports().isEmpty()
                        || b.destination().ports().isEmpty()
                        || !Collections.disjoint(
                                a.destination().ports(), b.destination().ports()))
                && (a.endpoints().ports().isEmpty()
                        || b.endpoints().ports().isEmpty()
                        || !Collections.disjoint(
                                a.endpoints().ports(), b.endpoints().ports()))
                && labelsMeet(a.endpoints().labels(), b.endpoints().labels())
                && textsMeet(a.question().name(), b.question().name())
                && meet(a.question().types(), b.question().types());
    }

    private static boolean labelsMeet(Map<String, String> a, Map<String, String> b) {
        return a.entrySet().stream()
                .allMatch(each -> each.getValue().equals(b.getOrDefault(each.getKey(), each.getValue())));
    }

    private static boolean meet(List<String> a, List<String> b) {
        return a.isEmpty() || b.isEmpty() || !Collections.disjoint(a, b);
    }

    private static boolean rangesMeet(List<Cidr> a, List<Cidr> b) {
        return a.isEmpty()
                || b.isEmpty()
                || a.stream().anyMatch(one -> b.stream().anyMatch(other -> one.meets(other)));
    }

    private static boolean textsMeet(@Nullable StringMatcher a, @Nullable StringMatcher b) {
        if (a == null || b == null) {
            return true;
        }
        if (a.kind() == StringMatcher.Kind.EXACT) {
            return b.compile().test(a.text());
        }
        if (b.kind() == StringMatcher.Kind.EXACT) {
            return a.compile().test(b.text());
        }
        if (a.kind() != b.kind()) {
            return true;
        }
        return switch (a.kind()) {
            case PREFIX -> a.text().startsWith(b.text()) || b.text().startsWith(a.text());
            case SUFFIX -> a.text().endsWith(b.text()) || b.text().endsWith(a.text());
            default -> true;
        };
    }

    private static boolean headersMeet(List<HeaderMatcher> a, List<HeaderMatcher> b) {
        for (HeaderMatcher one : a) {
            for (HeaderMatcher other : b) {
                if (one.name().equals(other.name()) && (apart(one, other) || apart(other, one))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether the one value or absence that passes {@code fixed} fails {@code other}. */
    private static boolean apart(HeaderMatcher fixed, HeaderMatcher other) {
        StringMatcher value = fixed.value();
        if (value != null && value.kind() == StringMatcher.Kind.EXACT && !fixed.invert()) {
            return !other.compile().test(value.text());
        }
        boolean absent = fixed.present() != null && fixed.present() == fixed.invert();
        return absent && !other.compile().test(null);
    }

    private static List<String> outcome(List<FaultRule> group) {
        List<String> lines = new ArrayList<>();
        BigDecimal rest = BigDecimal.ONE;
        String things = switch (group.get(0).fault().kind().plane()) {
            case REQUEST -> "requests";
            case CONNECTION -> "connections";
            case DNS -> "questions";
        };
        for (FaultRule rule : group) {
            BigDecimal share = share(rule);
            Fault fault = rule.fault();
            if (rule.dryRun()) {
                lines.add(rule.name() + " is a dry run: it counts about " + percent(share) + " of the " + things
                        + " and acts on none; rules after it act as if it were not there");
            } else if (ends(fault)) {
                lines.add(rule.name() + (fault instanceof ConnectionFault ? " takes about " : " ends about ")
                        + percent(rest.multiply(share)) + " of the " + things + " that all match"
                        + (rest.compareTo(BigDecimal.ONE) < 0 ? ", those that no rule before it has ended" : ""));
                rest = rest.multiply(BigDecimal.ONE.subtract(share));
            } else if (fault instanceof ConnectionFault) {
                lines.add(rule.name() + " acts (" + fault.kind().field() + ") on about " + percent(share)
                        + " of them, in this order on their bytes");
            } else if (fault instanceof DnsFault dns && dns.action() == DnsFault.Action.TTL) {
                lines.add(rule.name() + " sets the time to live of about " + percent(share)
                        + " of the answers; the smallest counts");
            } else if (fault.kind() == Fault.Kind.DELAY || fault instanceof DnsFault) {
                lines.add(rule.name() + " delays about " + percent(share) + " of them"
                        + (several(group, fault.kind()) ? "; delays add up" : "")
                        + (rest.compareTo(BigDecimal.ONE) < 0
                                ? fault instanceof DnsFault
                                        ? "; the answer above comes after the delay"
                                        : "; an abort or reset comes after the delay"
                                : ""));
            } else {
                lines.add(rule.name() + " slows about " + percent(share) + " of the responses"
                        + (several(group, Fault.Kind.RESPONSE_RATE_LIMIT) ? "; the slowest rate counts" : ""));
            }
        }
        return lines;
    }

    private static boolean ends(Fault fault) {
        return fault instanceof Fault.Terminal
                || fault instanceof ConnectionFault.AtAccept
                || fault instanceof DnsFault dns && dns.action().terminal();
    }

    private static boolean several(List<FaultRule> group, Fault.Kind kind) {
        return group.stream().filter(r -> r.fault().kind() == kind).count() > 1;
    }

    private static BigDecimal share(FaultRule rule) {
        return BigDecimal.valueOf(rule.percentage().millionths(), 6)
                .multiply(BigDecimal.valueOf(rule.scope().cohort().percent().millionths(), 6));
    }

    private static String percent(BigDecimal share) {
        BigDecimal percent =
                share.movePointRight(2).setScale(3, RoundingMode.HALF_UP).stripTrailingZeros();
        return percent.toPlainString() + " %";
    }
}
