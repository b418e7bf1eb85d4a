//! Recordings on disk.

use std::{fs, io::Write, path::Path};

use super::{
    super::{RecordingFileError, read_file, write_file},
    *,
};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_written_whole_and_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prod.airworthy");
    fs::write(&path, "what was there before").unwrap();
    write_file(&path, &sample()).unwrap();
    assert!(same(&read_file(&path).unwrap(), &sample()));
    assert_eq!(names(folder.path()), ["prod.airworthy"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    let error = read_file(&absent).unwrap_err();
    assert!(matches!(error, RecordingFileError::Open { .. }), "{error}");
    assert!(error.to_string().contains("absent"), "{error}");
    let error = read_file(folder.path()).unwrap_err();
    assert!(
        matches!(error, RecordingFileError::IsDirectory { .. }),
        "{error}"
    );
    let empty = folder.path().join("empty");
    fs::File::create(&empty).unwrap().write_all(b"").unwrap();
    let error = read_file(&empty).unwrap_err();
    assert!(error.to_string().ends_with("empty"), "{error}");
    assert!(matches!(
        error,
        RecordingFileError::Read {
            source: RecordingError::Empty,
            ..
        }
    ));
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_file(folder.path(), &sample()).unwrap_err();
    assert!(
        matches!(error, RecordingFileError::NotAFile { .. }),
        "{error}"
    );
    let error = write_file(&folder.path().join("no/such/folder"), &sample()).unwrap_err();
    assert!(
        matches!(error, RecordingFileError::Create { .. }),
        "{error}"
    );
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_socket_or_device_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let error = write_file(&path, &sample()).unwrap_err();
    assert!(
        matches!(error, RecordingFileError::NotAFile { .. }),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    write_file(&link, &sample()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(same(&read_file(&file).unwrap(), &sample()));
}
