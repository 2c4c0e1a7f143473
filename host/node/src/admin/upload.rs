//! A component in the body of a request.

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use futures::StreamExt;

use super::MAX_COMPONENT;
use super::problem::Problem;

/// The bytes of a component, of which at most [`MAX_COMPONENT`] are read.
pub(super) struct Component(pub(super) Vec<u8>);

impl<S: Sync> FromRequest<S> for Component {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let announced = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|announced| announced > MAX_COMPONENT) {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
        let mut body = request.into_body().into_data_stream();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| {
                Problem::bad_request(format!("the component did not arrive whole: {error}"))
            })?;
            if bytes.len() + piece.len() > MAX_COMPONENT {
                return Err(too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        if bytes.is_empty() {
            return Err(Problem::bad_request(
                "there is no component: send its bytes as the body of the request",
            ));
        }
        Ok(Self(bytes))
    }
}

fn too_large() -> Problem {
    let most = MAX_COMPONENT >> 20;
    let detail = format!("the component is larger than {most} MiB, the most that is taken");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};

    use super::*;

    async fn taken(request: Request) -> Result<usize, Problem> {
        let component = Component::from_request(request, &()).await?;
        Ok(component.0.len())
    }

    /// Endless zeros.
    fn zeros() -> Body {
        let piece = Bytes::from(vec![0; 1 << 20]);
        let pieces = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        Body::from_stream(pieces)
    }

    #[tokio::test]
    async fn a_component_is_taken_as_it_arrives_and_one_without_end_is_refused() {
        let request = Request::new(Body::from("a component"));
        assert_eq!(taken(request).await.unwrap(), 11);
        let refused = taken(Request::new(zeros())).await.unwrap_err();
        assert_eq!(refused.status, 413);
    }

    #[tokio::test]
    async fn one_that_is_announced_as_too_large_is_refused_before_it_is_read() {
        // Whoever asks for the first piece waits for ever.
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let request = Request::builder()
            .header(header::CONTENT_LENGTH, "524288000")
            .body(silent)
            .unwrap();
        assert_eq!(taken(request).await.unwrap_err().status, 413);
    }

    #[tokio::test]
    async fn no_body_is_no_component() {
        let refused = taken(Request::new(Body::empty())).await.unwrap_err();
        assert_eq!(refused.status, 400);
    }
}
