package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.QuestionDecision;
import dev.mishap.rules.QuestionView;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decides about the DNS questions that clients ask a listener. While no rule is about DNS it costs one volatile read. */
public final class ClientQuestions {
    private final RuleStore store;
    private final @Nullable RuleSource own;
    private final String listener;
    private final Counter touched;

    /** @param root scope without prefix */
    public ClientQuestions(RuleStore store, String listener, Scope root) {
        this(store, null, listener, root);
    }

    /** @param own further rules, which decide after those of the store; null when there are none */
    public ClientQuestions(RuleStore store, @Nullable RuleSource own, String listener, Scope root) {
        this.store = store;
        this.own = own;
        this.listener = listener;
        this.touched = root.counter("mishap.questions_touched");
    }

    /** Whether no rule can touch a question now. */
    public boolean isIdle() {
        return store.active().rules().hasNoQuestionRules()
                && (own == null || own.active().rules().hasNoQuestionRules());
    }

    private record Asked(String listener, String name, String type, InetAddress sourceAddress, boolean overStream)
            implements QuestionView {
        @Override
        public @Nullable String cluster() {
            return null;
        }
    }

    /**
     * Decides about one question; the decision is to be released when it is over.
     *
     * @param name in lower case, without the dot at its end
     * @param type as rules name it
     * @param told told of each rule that touches it, and of each dry run that would have
     */
    public QuestionDecision decide(String name, String type, InetAddress source, boolean overStream, Told told) {
        ActiveRules active = store.active();
        ActiveRules more = own == null ? ActiveRules.NONE : own.active();
        Asked asked = new Asked(listener, name, type, source, overStream);
        long now = store.nanoTime();
        long today = System.currentTimeMillis();
        QuestionDecision decision = active.rules().decide(asked, now, today);
        int first = decision.touchedCount();
        int firstDry = decision.wouldTouchCount();
        decision = more.rules().decide(asked, now, today, decision);
        for (int i = 0; i < decision.wouldTouchCount(); i++) {
            told.mark((i < firstDry ? active : more).tag(decision.wouldTouch(i)).dryMetadata());
        }
        if (decision.isNone()) {
            // A dry run's share in the limits ends here, since nothing waits.
            decision.release();
        } else {
            touched.inc();
            for (int i = 0; i < decision.touchedCount(); i++) {
                RuleTag tag = (i < first ? active : more).tag(decision.touched(i));
                tag.touched().inc();
                told.mark(tag.metadata());
            }
        }
        return decision;
    }

    /** Whether no fault may go on. */
    public boolean isKilled() {
        return store.killSwitch().isOn();
    }

    /** Has {@code answer} let go of when no fault may go on. On its loop, which is the current one. */
    public void hold(Holds.Hold answer, EventLoop loop) {
        store.killSwitch().holds().add(answer, loop);
    }

    /** Runs a task when the delay is over, or nothing is to delay it any more. On the loop, which is the current one. */
    public void later(EventLoop loop, QuestionDecision decision, Runnable task) {
        store.killSwitch().holds().later(loop, decision, task);
    }

    /** Whoever marks what was touched. */
    @FunctionalInterface
    public interface Told {
        /** @param marks dynamic metadata of the namespace {@link RuleTag#METADATA_NAMESPACE} */
        void mark(Map<String, Object> marks);
    }
}
