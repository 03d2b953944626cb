package dev.mishap.proxy.rules;

import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.QuestionDecision;
import dev.mishap.rules.QuestionView;
import dev.mishap.rules.fault.DnsFault;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The resolver of one cluster under the rules about DNS questions: what is asked for the cluster is decided about, record type
 * by record type, before it is asked. An IP address is no question. Confined to its loop.
 */
public final class RuledResolver implements Resolver {
    private final RuleSource store;
    private final Resolver resolver;
    private final EventLoop loop;
    private final String cluster;
    private final long timeoutMillis;
    private final Counter touched;

    /**
     * @param resolver asks what no rule answers; stays its owner's
     * @param timeoutMillis after which a question counts as unanswered
     */
    public RuledResolver(
            RuleSource store, Resolver resolver, EventLoop loop, String cluster, long timeoutMillis, Scope root) {
        this.store = store;
        this.resolver = resolver;
        this.loop = loop;
        this.cluster = cluster;
        this.timeoutMillis = timeoutMillis;
        this.touched = root.counter("mishap.questions_touched");
    }

    @Override
    public void resolve(String name, LookupFamily family, Callback callback) {
        ActiveRules active = store.active();
        if (active.rules().hasNoQuestionRules() || NetUtil.createInetAddressFromIpAddressString(name) != null) {
            resolver.resolve(name, family, callback);
            return;
        }
        QuestionDecision v4 = family.asksV4() ? decide(active, name, "A") : QuestionDecision.NONE;
        QuestionDecision v6 = family.asksV6() ? decide(active, name, "AAAA") : QuestionDecision.NONE;
        if (v4.isNone() && v6.isNone()) {
            resolver.resolve(name, family, callback);
            return;
        }
        Answers answers = new Answers(family, callback, (family.asksV4() ? 1 : 0) + (family.asksV6() ? 1 : 0));
        if (family.asksV4()) {
            ask(name, LookupFamily.V4_ONLY, v4, answers);
        }
        if (family.asksV6()) {
            ask(name, LookupFamily.V6_ONLY, v6, answers);
        }
    }

    private record Asked(String cluster, String name, String type) implements QuestionView {
        @Override
        public @Nullable String listener() {
            return null;
        }

        @Override
        public @Nullable InetAddress sourceAddress() {
            return null;
        }
    }

    private QuestionDecision decide(ActiveRules active, String name, String type) {
        String plain = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        QuestionDecision decision = active.rules()
                .decide(
                        new Asked(cluster, plain.toLowerCase(Locale.ROOT), type),
                        store.nanoTime(),
                        System.currentTimeMillis());
        if (decision.isNone()) {
            // A dry run's share in the limits ends here, since nothing waits.
            decision.release();
        } else {
            touched.inc();
            for (int i = 0; i < decision.touchedCount(); i++) {
                active.tag(decision.touched(i)).touched().inc();
            }
        }
        return decision;
    }

    private void ask(String name, LookupFamily type, QuestionDecision decision, Answers answers) {
        DnsFault fault = decision.answer();
        if (fault == null || fault.action() == DnsFault.Action.TRUNCATE) {
            // A truncated answer has the resolver ask again over TCP, where there is room.
            resolver.resolve(
                    name, type, (failure, addresses, ttl) -> later(0, decision, answers, failure, addresses, ttl));
            return;
        }
        switch (fault.action()) {
            case NXDOMAIN, EMPTY -> later(0, decision, answers, null, List.of(), -1);
            case ADDRESS -> later(0, decision, answers, null, addresses(fault, type), -1);
            case DROP ->
                later(timeoutMillis, decision, answers, new IOException("no answer for " + name), List.of(), -1);
            default ->
                later(0, decision, answers, new IOException(fault.action().name() + " for " + name), List.of(), -1);
        }
    }

    private static List<InetAddress> addresses(DnsFault fault, LookupFamily type) {
        List<InetAddress> addresses = new ArrayList<>();
        for (String each : fault.addresses()) {
            InetAddress address = DnsFault.literal(each);
            if (address.getAddress().length == (type == LookupFamily.V4_ONLY ? 4 : 16)) {
                addresses.add(address);
            }
        }
        return addresses;
    }

    private void later(
            long millis,
            QuestionDecision decision,
            Answers answers,
            @Nullable Throwable failure,
            List<InetAddress> addresses,
            long ttl) {
        long shown = decision.ttlSeconds() < 0 ? ttl : decision.ttlSeconds();
        Runnable tell = () -> {
            decision.release();
            answers.add(failure, addresses, shown);
        };
        if (decision.delayNanos() > 0 || millis > 0) {
            store.killSwitch().holds().later(loop, decision, TimeUnit.MILLISECONDS.toNanos(millis), tell);
        } else {
            tell.run();
        }
    }

    /** Collects the answers of the record types and tells them as one. */
    private static final class Answers {
        private final LookupFamily family;
        private final Callback callback;
        private final List<InetAddress> v4 = new ArrayList<>();
        private final List<InetAddress> v6 = new ArrayList<>();
        private @Nullable Throwable failure;
        private long ttl = Long.MAX_VALUE;
        private int left;

        Answers(LookupFamily family, Callback callback, int left) {
            this.family = family;
            this.callback = callback;
            this.left = left;
        }

        void add(@Nullable Throwable problem, List<InetAddress> addresses, long seconds) {
            for (InetAddress each : addresses) {
                (each.getAddress().length == 4 ? v4 : v6).add(each);
            }
            failure = problem == null ? failure : problem;
            if (seconds >= 0) {
                ttl = Math.min(ttl, seconds);
            }
            if (--left == 0) {
                List<InetAddress> chosen = family.choose(v4, v6);
                callback.onAnswer(chosen.isEmpty() ? failure : null, chosen, ttl == Long.MAX_VALUE ? -1 : ttl);
            }
        }
    }

    @Override
    public void close() {
        // The resolver behind belongs to others, too.
    }
}
