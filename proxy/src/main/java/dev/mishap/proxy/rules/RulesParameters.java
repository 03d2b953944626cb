package dev.mishap.proxy.rules;

import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.rules.FaultRule;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a request to the rules API says besides its path: its parameters and the text of its body, each within its bounds. */
final class RulesParameters {
    private static final long MIN_LEASE_MILLIS = 100;
    private static final long MAX_LEASE_MILLIS = 3_600_000;
    private static final int MAX_LEASE_ID = 128;
    private static final int MAX_REASON = 256;

    private RulesParameters() {}

    /** A misspelt parameter would do more than was meant, so an unknown one is refused. */
    static void only(RulesApi.Request request, String... known) {
        Set<String> names = Set.of(known);
        for (String parameter : request.query().keySet()) {
            if (!names.contains(parameter)) {
                throw RulesProblem.bad(parameter, "is no parameter of this request");
            }
        }
    }

    static @Nullable LeaseRequest lease(RulesApi.Request request) {
        String id = request.query().get("lease");
        if (id == null) {
            if (request.query().containsKey("leaseMillis")) {
                throw RulesProblem.bad("leaseMillis", "says nothing without a lease");
            }
            return null;
        }
        try {
            FaultRule.requireName("a lease", id, MAX_LEASE_ID);
        } catch (IllegalArgumentException e) {
            throw RulesProblem.bad("lease", String.valueOf(e.getMessage()));
        }
        return new LeaseRequest(id, leaseMillis(request));
    }

    static long leaseMillis(RulesApi.Request request) {
        String text = request.query().get("leaseMillis");
        if (text == null) {
            return RuleStore.DEFAULT_LEASE_MILLIS;
        }
        long millis = -1;
        try {
            millis = Long.parseLong(text);
        } catch (NumberFormatException e) {
            // told below, as a number out of range is
        }
        if (millis < MIN_LEASE_MILLIS || millis > MAX_LEASE_MILLIS) {
            throw RulesProblem.bad(
                    "leaseMillis",
                    "must be from " + MIN_LEASE_MILLIS + " to " + MAX_LEASE_MILLIS + ", got '" + text + "'");
        }
        return millis;
    }

    static String reason(RulesApi.Request request, String otherwise) {
        String reason = request.query().get("reason");
        if (reason == null) {
            return otherwise;
        }
        if (reason.isBlank() || reason.length() > MAX_REASON || reason.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            throw RulesProblem.bad(
                    "reason", "must be 1 to " + MAX_REASON + " characters, none of them a control character");
        }
        return reason;
    }

    /** Whether what the ended rules hold is to go on at once; so it is unless that is asked for. */
    static boolean release(RulesApi.Request request) {
        return flag(request, "release", true);
    }

    static boolean flag(RulesApi.Request request, String name, boolean otherwise) {
        String text = request.query().get(name);
        if (text == null) {
            return otherwise;
        }
        if (text.isEmpty() || text.equals("true")) {
            return true;
        }
        if (text.equals("false")) {
            return false;
        }
        throw RulesProblem.bad(name, "must be true or false, got '" + text + "'");
    }

    static long number(RulesApi.Request request, String name, long otherwise, long min, long max) {
        String text = request.query().get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            long n = Long.parseLong(text);
            if (n >= min && n <= max) {
                return n;
            }
        } catch (NumberFormatException e) {
            // told below, as a number out of range is
        }
        throw RulesProblem.bad(
                name, "must be a whole number of at least " + min + " and at most " + max + ", got '" + text + "'");
    }

    static String text(RulesApi.Request request) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(request.body()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw RulesProblem.bad("", "the body is not UTF-8");
        }
    }
}
