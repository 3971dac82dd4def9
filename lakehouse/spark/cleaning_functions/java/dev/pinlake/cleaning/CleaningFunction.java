package dev.pinlake.cleaning;

import org.apache.spark.sql.connector.catalog.functions.BoundFunction;
import org.apache.spark.sql.connector.catalog.functions.ScalarFunction;
import org.apache.spark.sql.connector.catalog.functions.UnboundFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * A function of one value. Each has a public static method {@code invoke}, which Spark finds by its name and the types
 * of its arguments and calls directly from generated code. Its arguments may be null. Text is valid UTF-8.
 *
 * @param <R> Spark's internal class of the result.
 */
abstract class CleaningFunction<R> implements UnboundFunction, ScalarFunction<R> {
    private final String name;
    private final DataType result;
    private final DataType[] inputs;

    CleaningFunction(String name, DataType result, DataType... inputs) {
        this.name = name;
        this.result = result;
        this.inputs = inputs;
    }

    @Override
    public BoundFunction bind(StructType arguments) {
        return this; // Spark compares and casts the arguments to inputTypes
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return name;
    }

    @Override
    public DataType resultType() {
        return result;
    }

    @Override
    public DataType[] inputTypes() {
        return inputs;
    }

    /** Without a name that is always the same, Spark would take two calls of a function for different ones. */
    @Override
    public String canonicalName() {
        return getClass().getName();
    }
}
