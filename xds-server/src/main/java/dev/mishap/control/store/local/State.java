package dev.mishap.control.store.local;

import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.PersistentMap;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Transaction.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All that a store holds at one revision. Immutable.
 *
 * @param leases the length of each lease that is alive, in milliseconds
 * @param attached which keys a lease has: {@link Attachment} to itself, for ranges
 */
record State(
        long revision,
        PersistentMap<String, Entry> entries,
        PersistentMap<Long, Long> leases,
        PersistentMap<Attachment, Attachment> attached) {
    /** A store that was never written to. */
    static final State EMPTY = new State(1, PersistentMap.empty(), PersistentMap.empty(), PersistentMap.empty());

    /** Orders the keys of one lease together. */
    record Attachment(long lease, String key) implements Comparable<Attachment> {
        @Override
        public int compareTo(Attachment that) {
            return lease != that.lease ? Long.compare(lease, that.lease) : key.compareTo(that.key);
        }
    }

    /** What a transaction comes to here: null when it changes nothing. */
    Change.@Nullable Write evaluate(Transaction transaction) {
        for (Transaction.Condition condition : transaction.conditions()) {
            Entry entry = entries.get(condition.key());
            long found = entry == null ? 0 : entry.modRevision();
            if (found != condition.modRevision()) {
                throw new StoreException.Conflict(condition.key(), condition.modRevision(), found);
            }
        }
        List<Operation> effective = new ArrayList<>(transaction.operations().size());
        for (Operation operation : transaction.operations()) {
            if (operation instanceof Operation.Put put) {
                if (put.lease() != 0 && leases.get(put.lease()) == null) {
                    throw new StoreException.LeaseNotFound(put.lease());
                }
                effective.add(put);
            } else if (entries.get(operation.key()) != null) {
                effective.add(operation);
            }
        }
        return effective.isEmpty() ? null : new Change.Write(revision + 1, effective);
    }

    /** The end of a lease; null when it is over already. */
    Change.@Nullable Revoke evaluateRevoke(long lease) {
        if (leases.get(lease) == null) {
            return null;
        }
        return new Change.Revoke(keysOf(lease).isEmpty() ? revision : revision + 1, lease);
    }

    /** The state after a change, which tells its events. */
    State after(Change change, Consumer<Event> events) {
        if (change instanceof Change.Grant grant) {
            return new State(revision, entries, leases.with(grant.lease(), grant.ttlMillis()), attached);
        } else if (change instanceof Change.Revoke revoke) {
            State state = this;
            for (String key : keysOf(revoke.lease())) {
                state = state.without(key, revoke.revision());
                events.accept(new Event.Delete(key, revoke.revision()));
            }
            return new State(revoke.revision(), state.entries, leases.without(revoke.lease()), state.attached);
        }
        Change.Write write = (Change.Write) change;
        State state = this;
        for (Operation operation : write.operations()) {
            if (operation instanceof Operation.Put put) {
                Entry before = state.entries.get(put.key());
                Entry entry = new Entry(
                        put.key(),
                        put.value(),
                        before == null ? write.revision() : before.createRevision(),
                        write.revision(),
                        before == null ? 1 : before.version() + 1,
                        put.lease());
                state = state.with(entry, before);
                events.accept(new Event.Put(entry));
            } else {
                state = state.without(operation.key(), write.revision());
                events.accept(new Event.Delete(operation.key(), write.revision()));
            }
        }
        return new State(write.revision(), state.entries, state.leases, state.attached);
    }

    private State with(Entry entry, @Nullable Entry before) {
        PersistentMap<Attachment, Attachment> keys = attached;
        long old = before == null ? 0 : before.lease();
        if (old != entry.lease()) {
            keys = old == 0 ? keys : keys.without(new Attachment(old, entry.key()));
            if (entry.lease() != 0) {
                Attachment attachment = new Attachment(entry.lease(), entry.key());
                keys = keys.with(attachment, attachment);
            }
        }
        return new State(entry.modRevision(), entries.with(entry.key(), entry), leases, keys);
    }

    private State without(String key, long newRevision) {
        Entry before = entries.get(key);
        long lease = before == null ? 0 : before.lease();
        return new State(
                newRevision,
                entries.without(key),
                leases,
                lease == 0 ? attached : attached.without(new Attachment(lease, key)));
    }

    /** An entry as it was written elsewhere, such as in a snapshot. */
    State restored(Entry entry) {
        return with(entry, entries.get(entry.key())).at(revision);
    }

    State at(long newRevision) {
        return new State(newRevision, entries, leases, attached);
    }

    private List<String> keysOf(long lease) {
        List<String> keys = new ArrayList<>();
        attached.forEachFrom(new Attachment(lease, ""), (attachment, same) -> {
            boolean ours = attachment.lease() == lease;
            if (ours) {
                keys.add(attachment.key());
            }
            return ours;
        });
        return keys;
    }

    Page page(String prefix, @Nullable String after, int limit) {
        List<Entry> page = new ArrayList<>();
        boolean[] more = new boolean[1];
        String from = after == null || after.compareTo(prefix) < 0 ? prefix : after;
        entries.forEachFrom(from, (key, entry) -> {
            if (!key.startsWith(prefix)) {
                return false;
            }
            if (key.equals(after)) {
                return true;
            }
            if (page.size() == limit) {
                more[0] = true;
                return false;
            }
            page.add(entry);
            return true;
        });
        return new Page(revision, page, more[0]);
    }
}
