//! A table's declaration as a Parquet schema, and how its columns are encoded.

use super::{ColumnType, TableError, TableSpec};
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::sync::Arc;

/// Columns whose values grow from row to row: written as differences, since a dictionary of them would be of no use.
pub(super) const GROWING: [&str; 5] = ["frame", "last_frame", "time_ns", "first_ns", "last_ns"];

pub(super) fn properties(spec: &TableSpec) -> Result<WriterPropertiesPtr, TableError> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_created_by("idletalk".to_owned());
    for column in spec.columns {
        let path = ColumnPath::from(column.name);
        if GROWING.contains(&column.name) {
            builder = builder
                .set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk)
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(Arc::new(builder.build()))
}

pub(super) fn schema(spec: &TableSpec) -> Result<TypePtr, TableError> {
    let mut fields = Vec::new();
    for column in spec.columns {
        let leaf = |name: &str, repetition| -> Result<Type, ParquetError> {
            let (physical, logical) = match column.kind {
                ColumnType::Bool => (PhysicalType::BOOLEAN, None),
                ColumnType::Int | ColumnType::IntList => (PhysicalType::INT64, None),
                ColumnType::Key => (PhysicalType::INT64, Some(LogicalType::integer(64, false))),
                ColumnType::Double => (PhysicalType::DOUBLE, None),
                ColumnType::Blob => (PhysicalType::BYTE_ARRAY, None),
                ColumnType::Text
                | ColumnType::TextList
                | ColumnType::Flow
                | ColumnType::Mac
                | ColumnType::Address
                | ColumnType::Word => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            };
            Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical).build()
        };
        let field = match column.kind {
            ColumnType::TextList | ColumnType::IntList => {
                let element = Arc::new(leaf("element", Repetition::REQUIRED)?);
                let list = Type::group_type_builder("list")
                    .with_repetition(Repetition::REPEATED)
                    .with_fields(vec![element])
                    .build()?;
                Type::group_type_builder(column.name)
                    .with_repetition(Repetition::OPTIONAL)
                    .with_logical_type(Some(LogicalType::List))
                    .with_fields(vec![Arc::new(list)])
                    .build()?
            }
            _ if column.nullable => leaf(column.name, Repetition::OPTIONAL)?,
            _ => leaf(column.name, Repetition::REQUIRED)?,
        };
        fields.push(Arc::new(field));
    }
    Ok(Arc::new(Type::group_type_builder(spec.name).with_fields(fields).build()?))
}
