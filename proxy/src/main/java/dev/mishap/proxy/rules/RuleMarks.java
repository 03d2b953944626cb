package dev.mishap.proxy.rules;

import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.rules.Decision;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The dynamic metadata of what rules touch, or as dry runs would have touched, in the namespace {@link RuleTag#METADATA_NAMESPACE}. */
public final class RuleMarks {
    private RuleMarks() {}

    /** Each key's values in the rules' order, without repetition, with commas between. */
    public static Map<String, Object> of(ActiveRules active, Decision decision) {
        int touched = decision.touchedCount();
        if (touched == 1 && decision.wouldTouchCount() == 0) {
            return active.tag(decision.touched(0)).metadata();
        }
        Map<String, Object> joined = new LinkedHashMap<>();
        for (int i = 0; i < touched; i++) {
            join(joined, active.tag(decision.touched(i)).metadata());
        }
        for (int i = 0; i < decision.wouldTouchCount(); i++) {
            join(joined, active.tag(decision.wouldTouch(i)).dryMetadata());
        }
        return joined;
    }

    /** The marks of several sets of rules, those of {@code first} before those of {@code then}. */
    public static Map<String, Object> joined(@Nullable Map<String, Object> first, Map<String, Object> then) {
        if (first == null || first.isEmpty()) {
            return then;
        }
        Map<String, Object> joined = new LinkedHashMap<>(first);
        join(joined, then);
        return joined;
    }

    private static void join(Map<String, Object> joined, Map<String, Object> more) {
        more.forEach((key, value) -> joined.merge(key, value, (a, b) -> StreamInfo.joined((String) a, (String) b)));
    }
}
