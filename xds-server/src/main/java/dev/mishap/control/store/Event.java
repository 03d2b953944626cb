package dev.mishap.control.store;

/** What happened to one key. */
public sealed interface Event {
    String key();

    /** Of the transaction that did it; several events share one. */
    long revision();

    /** The key has a new value. */
    record Put(Entry entry) implements Event {
        @Override
        public String key() {
            return entry.key();
        }

        @Override
        public long revision() {
            return entry.modRevision();
        }
    }

    /** The key is gone: deleted, or its lease ended. */
    record Delete(String key, long revision) implements Event {}
}
