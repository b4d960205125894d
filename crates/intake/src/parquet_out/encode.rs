//! From a batch to the bytes of a row group.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type, TypePtr};

use super::batch::{Batch, Filled, Values};

/// What a column holds, which decides how it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Few different texts: a dictionary.
    Word,
    /// Texts that are mostly different.
    Text,
    /// Texts each of which begins much like the one before, such as counted ids.
    Counted,
    /// Whole numbers.
    Integer,
    /// Moments in milliseconds since 1970, UTC.
    Moment,
    /// Numbers with a fraction.
    Double,
    /// True or false.
    Boolean,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it holds.
    pub kind: ColumnKind,
}

impl Column {
    /// A column whose name was known when the program was built.
    pub const fn known(name: &'static str, kind: ColumnKind) -> Self {
        Self { name: Cow::Borrowed(name), kind }
    }
}

/// The columns of a file, and how they are written.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    pub(super) schema: TypePtr,
    described: Arc<SchemaDescriptor>,
    pub(super) properties: WriterPropertiesPtr,
}

/// A row group in bytes, with what the file's end has to say about it.
pub(super) type Group = Vec<(Bytes, ColumnCloseResult)>;

impl Table {
    /// A table of these columns; each may be empty in any row.
    ///
    /// # Errors
    /// For names that Parquet does not take.
    pub fn try_new(columns: Vec<Column>) -> Result<Self, ParquetError> {
        let fields = columns.iter().map(|column| field(column).map(Arc::new));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let schema = Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?);
        let described = Arc::new(SchemaDescriptor::new(Arc::clone(&schema)));
        let mut properties = WriterProperties::builder()
            .set_created_by("probity".into())
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .set_dictionary_enabled(false)
            // One page a column: a row group is small, and is read as a whole.
            .set_data_page_row_count_limit(usize::MAX)
            .set_data_page_size_limit(64 << 20)
            .set_write_batch_size(16 << 10);
        for column in &columns {
            let path = ColumnPath::from(column.name.as_ref());
            properties = match column.kind {
                ColumnKind::Word => properties.set_column_dictionary_enabled(path, true),
                ColumnKind::Counted => properties.set_column_encoding(path, Encoding::DELTA_BYTE_ARRAY),
                ColumnKind::Moment => properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
                ColumnKind::Text | ColumnKind::Integer | ColumnKind::Double | ColumnKind::Boolean => {
                    properties
                }
            };
        }
        Ok(Self { columns, schema, described, properties: Arc::new(properties.build()) })
    }

    /// A batch for rows of this table.
    pub fn batch(&self) -> Batch {
        let columns = self.columns.iter().map(|column| Filled {
            present: Vec::new(),
            values: match column.kind {
                ColumnKind::Word => Values::Words(Vec::new()),
                ColumnKind::Text | ColumnKind::Counted => {
                    Values::Texts { text: Vec::new(), ends: Vec::new() }
                }
                ColumnKind::Integer | ColumnKind::Moment => Values::Integers(Vec::new()),
                ColumnKind::Double => Values::Doubles(Vec::new()),
                ColumnKind::Boolean => Values::Booleans(Vec::new()),
            },
        });
        Batch { rows: 0, columns: columns.collect() }
    }

    /// The row group of a batch, which is empty afterwards.
    pub(super) fn encode(&self, batch: &mut Batch) -> Result<Group, ParquetError> {
        let rows = batch.rows;
        let columns = batch.columns.iter_mut().enumerate();
        let group = columns.map(|(at, filled)| self.encode_column(at, filled, rows)).collect();
        batch.clear();
        group
    }

    fn encode_column(
        &self,
        at: usize,
        filled: &mut Filled,
        rows: usize,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = get_column_writer(self.described.column(at), Arc::clone(&self.properties), pages);
        filled.present.resize(rows, 0);
        let levels = Some(filled.present.as_slice());
        match (&mut writer, &mut filled.values) {
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Words(words)) => {
                writer.write_batch(words, levels, None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Texts { text, ends }) => {
                let text = Bytes::from(std::mem::take(text));
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let texts = starts.zip(ends.iter()).map(|(start, end)| text.slice(start..*end));
                let texts: Vec<ByteArray> = texts.map(ByteArray::from).collect();
                writer.write_batch(&texts, levels, None)?;
            }
            (ColumnWriter::Int64ColumnWriter(writer), Values::Integers(values)) => {
                writer.write_batch(values, levels, None)?;
            }
            (ColumnWriter::DoubleColumnWriter(writer), Values::Doubles(values)) => {
                writer.write_batch(values, levels, None)?;
            }
            (ColumnWriter::BoolColumnWriter(writer), Values::Booleans(values)) => {
                writer.write_batch(values, levels, None)?;
            }
            _ => return Err(ParquetError::General("a column of another kind than its table's".into())),
        }
        let close = writer.close()?;
        Ok((Bytes::from(sink.into_inner()?), close))
    }
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        ColumnKind::Word | ColumnKind::Text | ColumnKind::Counted => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String))
        }
        ColumnKind::Integer => (Physical::INT64, None),
        ColumnKind::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        ColumnKind::Double => (Physical::DOUBLE, None),
        ColumnKind::Boolean => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}
