package dev.mishap.proxy.config.schema;

import org.jspecify.annotations.Nullable;

/** An enum of the schema. Immutable. */
final class EnumType {
    private final String name;
    private final String[] names;
    private final int[] numbers;

    EnumType(String name, String[] names, int[] numbers) {
        this.name = name;
        this.names = names;
        this.numbers = numbers;
    }

    String name() {
        return name;
    }

    /** The number of the value called {@code valueName}, or null. */
    @Nullable
    Integer number(String valueName) {
        for (int i = 0; i < names.length; i++) {
            if (names[i].equals(valueName)) {
                return numbers[i];
            }
        }
        return null;
    }

    /** The first name of the value {@code number}, or null when the enum does not define it. */
    @Nullable
    String nameOf(int number) {
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] == number) {
                return names[i];
            }
        }
        return null;
    }
}
