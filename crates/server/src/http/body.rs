//! Reading a request's body within bounds: its size after decompression, the memory of all bodies together, and time.

use super::problem::{BODY_TOO_LARGE, BODY_UNREADABLE, BUSY, Failure, MEDIA_TYPE, REQUEST_TIMEOUT};
use super::site::Site;
use axum::body::{Body, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http_body_util::BodyExt;
use probity_primitives::problem::shown;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How long a body may wait for others to be done with.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body, and the room it takes until it is dropped.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    room: Option<OwnedSemaphorePermit>,
}

/// Reads a body.
///
/// # Errors
/// `body-too-large` as soon as the bound is passed, `body-unreadable`, `media-type-unsupported` for an encoding that is
/// not known, `request-timeout`, `server-busy` when others take all the room.
pub(crate) async fn read(site: &Site, headers: &HeaderMap, body: Body) -> Result<Read, Failure> {
    let reading = read_in_time(site, headers, body);
    tokio::time::timeout(site.options.request_timeout, reading).await.unwrap_or_else(|_| {
        let detail = "the body did not arrive in time";
        Err(Failure::new(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT, detail))
    })
}

async fn read_in_time(site: &Site, headers: &HeaderMap, mut body: Body) -> Result<Read, Failure> {
    let limit = site.options.body_limit;
    let declared = headers.get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let mut unpacking = Unpacking::of(headers, limit, body.size_hint().exact())?;
    let mut read = Read { bytes: Bytes::new(), room: None };
    while let Some(frame) = body.frame().await {
        let unreadable = |why: &str| Failure::new(StatusCode::BAD_REQUEST, BODY_UNREADABLE, why);
        let frame = frame.map_err(|_| unreadable("the body broke off"))?;
        if let Ok(data) = frame.into_data() {
            unpacking.write(data).map_err(|error| match error {
                Broken::TooLarge => too_large(limit),
                Broken::Unreadable => unreadable("the body is not what its content-encoding says"),
            })?;
            take_room(site, &mut read.room, unpacking.len()).await?;
        }
    }
    read.bytes = unpacking.end().map_err(|error| match error {
        Broken::TooLarge => too_large(limit),
        Broken::Unreadable => {
            Failure::new(StatusCode::BAD_REQUEST, BODY_UNREADABLE, "the compressed body is cut off")
        }
    })?;
    Ok(read)
}

fn too_large(limit: usize) -> Failure {
    let detail = format!("the body has more than {limit} bytes, counted after decompression");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LARGE, detail)
}

/// Takes as much room as the body has by now.
async fn take_room(
    site: &Site,
    held: &mut Option<OwnedSemaphorePermit>,
    bytes: usize,
) -> Result<(), Failure> {
    let whole = bytes.div_ceil(1024).max(1);
    let missing = whole.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
    let Ok(missing) = u32::try_from(missing) else { return Err(too_large(site.options.body_limit)) };
    if missing == 0 {
        return Ok(());
    }
    let busy = || {
        let detail = "too many bodies wait to be taken; send this one again";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, detail)
    };
    let more = match Arc::clone(&site.room).try_acquire_many_owned(missing) {
        Ok(more) => more,
        Err(_) => {
            let waiting = Arc::clone(&site.room).acquire_many_owned(missing);
            tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| busy())?.map_err(|_| busy())?
        }
    };
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
    }
    Ok(())
}

enum Broken {
    TooLarge,
    Unreadable,
}

/// Bytes up to a bound.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    over: bool,
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + data.len() > self.limit {
            self.over = true;
            return Err(io::Error::other("over the bound"));
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body on its way in.
enum Unpacking {
    /// As it is: a body of one piece is not copied.
    Plain {
        first: Option<Bytes>,
        rest: Bounded,
    },
    Gzip(MultiGzDecoder<Bounded>),
    Zlib(ZlibDecoder<Bounded>),
}

impl Unpacking {
    fn of(headers: &HeaderMap, limit: usize, size: Option<u64>) -> Result<Self, Failure> {
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        let encoding = encodings.next().map_or(Some("identity"), |value| value.to_str().ok());
        let bounded = || Bounded { bytes: Vec::new(), limit, over: false };
        match encoding.map(str::trim) {
            Some("identity" | "") if encodings.next().is_none() => {
                let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0).min(limit);
                let bytes = Vec::with_capacity(if size > 16 << 10 { size } else { 0 });
                Ok(Self::Plain { first: None, rest: Bounded { bytes, limit, over: false } })
            }
            Some("gzip" | "x-gzip") if encodings.next().is_none() => {
                Ok(Self::Gzip(MultiGzDecoder::new(bounded())))
            }
            Some("deflate") if encodings.next().is_none() => Ok(Self::Zlib(ZlibDecoder::new(bounded()))),
            other => {
                let detail = format!(
                    "the content encoding '{}' is not understood; send gzip, deflate or none",
                    shown(other.unwrap_or("?"))
                );
                Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, MEDIA_TYPE, detail))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Plain { first, rest } => first.as_ref().map_or(0, Bytes::len) + rest.bytes.len(),
            Self::Gzip(decoder) => decoder.get_ref().bytes.len(),
            Self::Zlib(decoder) => decoder.get_ref().bytes.len(),
        }
    }

    fn write(&mut self, data: Bytes) -> Result<(), Broken> {
        match self {
            Self::Plain { first, rest } => {
                if first.is_none() && rest.bytes.is_empty() && data.len() <= rest.limit {
                    *first = Some(data);
                    return Ok(());
                }
                let before = first.take().unwrap_or_default();
                rest.write_all(&before).and_then(|()| rest.write_all(&data)).map_err(|_| Broken::TooLarge)
            }
            Self::Gzip(decoder) => {
                let written = decoder.write_all(&data);
                written.map_err(|_| broken(decoder.get_ref()))
            }
            Self::Zlib(decoder) => {
                let written = decoder.write_all(&data);
                written.map_err(|_| broken(decoder.get_ref()))
            }
        }
    }

    fn end(self) -> Result<Bytes, Broken> {
        match self {
            Self::Plain { first: Some(whole), .. } => Ok(whole),
            Self::Plain { rest, .. } => Ok(rest.bytes.into()),
            Self::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| broken(decoder.get_ref()))?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes).into())
            }
            Self::Zlib(mut decoder) => {
                decoder.try_finish().map_err(|_| broken(decoder.get_ref()))?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes).into())
            }
        }
    }
}

fn broken(bounded: &Bounded) -> Broken {
    if bounded.over { Broken::TooLarge } else { Broken::Unreadable }
}
