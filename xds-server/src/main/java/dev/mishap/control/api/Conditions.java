package dev.mishap.control.api;

import dev.mishap.control.http.Etags;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.Precondition;
import dev.mishap.control.rules.WriteGuard;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a writer expects of the rule that is there.
 *
 * @param versions any of these, when there are several
 * @param uid null = any
 */
record Conditions(
        Precondition precondition,
        List<Long> versions,
        @Nullable String uid) {
    static final Conditions NONE = new Conditions(Precondition.NONE, List.of(), null);

    /** @throws ProblemException when they are none, or contradict each other */
    static Conditions of(
            @Nullable String ifMatch,
            @Nullable String ifNoneMatch,
            @Nullable Long resourceVersion,
            @Nullable String uid) {
        List<Long> matches = Etags.versions(ifMatch);
        if (ifNoneMatch != null) {
            if (!ifNoneMatch.strip().equals("*")) {
                throw ProblemException.invalid(
                        "if-none-match", "expected * (there is none yet), found '" + ifNoneMatch + "'");
            }
            if (matches != null || resourceVersion != null) {
                throw ProblemException.invalid("if-none-match", "contradicts if-match or metadata.resourceVersion");
            }
            return new Conditions(Precondition.ABSENT, List.of(), uid);
        }
        if (resourceVersion != null) {
            if (matches != null && !matches.isEmpty() && !matches.contains(resourceVersion)) {
                throw ProblemException.invalid("if-match", "contradicts metadata.resourceVersion " + resourceVersion);
            }
            return new Conditions(Precondition.ifMatch(Etags.of(resourceVersion)), List.of(), uid);
        }
        if (matches == null) {
            return new Conditions(Precondition.NONE, List.of(), uid);
        }
        if (matches.isEmpty()) {
            return new Conditions(Precondition.PRESENT, List.of(), uid);
        }
        return matches.size() == 1
                ? new Conditions(Precondition.ifMatch(Etags.of(matches.get(0))), List.of(), uid)
                : new Conditions(Precondition.PRESENT, matches, uid);
    }

    WriteGuard guard(WriteGuard then) {
        return (current, next) -> {
            boolean wrongVersion = !versions.isEmpty() && (current == null || !versions.contains(current.revision()));
            boolean wrongUid = uid != null && (current == null || !uid.equals(current.uid()));
            if (wrongVersion || wrongUid) {
                throw new ProblemException(
                        ProblemKind.PRECONDITION_FAILED,
                        wrongUid
                                ? "the rule of this name is another one now: its uid is not " + uid
                                : "the rule has none of the versions that if-match names");
            }
            then.check(current, next);
        };
    }
}
