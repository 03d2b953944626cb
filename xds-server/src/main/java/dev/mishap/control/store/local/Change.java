package dev.mishap.control.store.local;

import dev.mishap.control.store.Transaction;
import java.util.List;

/** One step from a {@link State} to the next; what a journal keeps. Conditions were checked before. */
sealed interface Change {
    /** Operations that change something, under this revision. */
    record Write(long revision, List<Transaction.Operation> operations) implements Change {}

    /** A lease begins. */
    record Grant(long lease, long ttlMillis) implements Change {}

    /** A lease ends; its keys go under {@code revision}, which is the old one if there are none. */
    record Revoke(long revision, long lease) implements Change {}
}
